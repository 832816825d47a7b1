"""A 12 V 120 Ah AGM jar of the HX12-120 class: six cells, rated at the 10 h rate to 1.80 V/cell at 25 C.

Sources: [S1] Leoch MA12-100 sheet x1.2, [S2] Vision 6FM150X sheet x0.8, [S4] C&D Liberty 1000,
[S7] EnerSys DataSafe XE p.3, [S9] Bode-type fit of acid molality, [S15] public implementations of the
Schiffer model, [S34] Sulzer et al., J. Electrochem. Soc. 166 (2019), [GK] general knowledge.
[CALC] is calibrated: `python -m battery_assets.physics.calibration` prints these values and the error at each
of the 28 data-sheet points (time to cut-off: worst 6.1 %, rms 3.3 %; the rated 10 h test -1.8 %).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vrla12V120Ah:
    """Constants of one jar; units are in the names, sources beside the values."""

    cells: int = 6
    rated_ah: float = 120.0  # 10 h rate to 1.80 V/cell [S1][S2]
    # Discharge model. Acid and depth capacity make the open-circuit voltage 12.89 V full, 11.65 V empty.
    acid_ml_per_ah: float = 7.705750251995684
    acid_density_g_ml: float = 1.30
    acid_mass_fraction: float = 0.400
    depth_capacity_ah: float = 139.34165685434127  # larger than rated: not all acid is usable
    kinetic_v: float = 0.0514  # 2 RT/F: transfer coefficient 1/2
    exchange_a: float = 289.0  # [CALC]
    exchange_exponent: float = 1.5  # acid's order of reaction: 1 negative, 2 positive plate [S34]
    depletion_per_a: float = 0.00998  # [CALC]
    depletion_growth: float = 0.532  # [CALC]
    diffusion_s: float = 4740.0  # [CALC]
    depth_reserve: float = 0.05  # kinetics end where the acid does
    resistance_growth: float = 0.9  # x1.7 when empty; 1.5-2.0 [GK]
    ohmic_mohm: float = 4.25  # [S1] 4.1, [S2] 4.4
    fast_mohm: float = 0.4  # [GK] 0.3-0.6; the 5 min rows leave 0.9 for it and the kinetics
    fast_s: float = 30.0  # [GK]
    ocv_v_per_k: float = 0.0012  # per jar [GK]
    model_c10_ah: float = 117.8  # what these constants give at the rated 10 h test
    # Float.
    float_v_cell: float = 2.27  # [S4][S5]
    float_floor_v_cell: float = 2.21  # [S7]; the floor keeps hot negatives from self-discharge
    float_v_cell_per_k: float = -0.0033  # [S1] -20 mV/12 V/K
    tafel_a_per_ah: float = 0.010 / 100.0  # at 2.23 V/cell and 25 C [S15]
    tafel_v_cell: float = 2.23
    tafel_per_v: float = 11.0
    tafel_per_k: float = 0.06
    # Charge.
    boost_v_cell: float = 2.40  # 14.40 V per jar
    max_charge_a: float = 36.0  # 0.3 C [S2]
    charge_factor: float = 1.07  # Ah returned per Ah removed, 1.05-1.10
    taper_s: float = 4300.0  # 0.7-2 h
    # Temperature.
    ohmic_activation_j_mol: float = 4400.0  # -0.6 %/K [GK]
    capacity_per_k_cold: float = 0.006  # [S1][S19]
    capacity_per_k_hot: float = 0.0018  # [S1][S19]
    heat_capacity_j_k: float = 31_000.0  # 36.5 kg x 0.87 kJ/kgK [GK]
    cooling_w_k: float = 1.2  # 0.6 cramped .. 2.5 open rack [S20]

    @property
    def acceptance_scale(self) -> float:
        """Scale of `depth_capacity_ah` that makes a new jar deliver its rated capacity in the 10 h test."""
        return self.rated_ah / self.model_c10_ah


HX12_120 = Vrla12V120Ah()
