"""A 12 V 120 Ah AGM jar of another maker: denser acid, quicker plates, a steeper float law, its own sheet.

Sources: [S2] Vision 6FM150X (3.5 mohm at 150 Ah), [S7] EnerSys DataSafe XE (2.27 V/cell at 25 C, 2.21 at
40 C), [S11] charts of rest voltage up to 13.0 V, [S16] recombination heat of 40 mA/100 Ah. Acid and kinetics
are those that make such a rest voltage and 8 to 20 % more time above the 1 h rate than the sheet of [S1]
[CALC].
"""

from dataclasses import replace

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

ANOTHER_AGM = replace(
    HX12_120,
    acid_density_g_ml=1.32,
    acid_mass_fraction=0.42,
    acid_ml_per_ah=7.3,
    depletion_per_a=0.0085,
    exchange_a=380.0,
    ohmic_mohm=3.9,
    model_c10_ah=122.2,
    float_v_cell_per_k=-0.004,
    tafel_a_per_ah=0.020 / 100.0,
    tafel_per_v=13.0,
)
