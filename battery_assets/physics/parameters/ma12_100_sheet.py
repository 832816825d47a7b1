"""The sheet's jar: constants that follow every row of the MA12-100 sheet within 5 % of time [S1].

What a sheet leaves out between its rows is read off this set. It is no generator's: simulated jars have
`vrla_12v120ah`, whose constants each have a source of their own, and which follows the sheet within 6.1 %.
Here eleven constants are fitted to 28 points, the slow fast polarisation above all: 5 and 10 min to 1.80 V
per cell contradict any jar whose polarisation has settled after a minute. `python -m
battery_assets.physics.calibration` prints the errors (worst 4.7 %, the rated 10 h test -1.7 %).
"""

from dataclasses import replace

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

MA12_100_SHEET = replace(
    HX12_120,
    exchange_a=930.94,
    depletion_per_a=0.0116537,
    depletion_growth=0.05,
    diffusion_s=6062.1,
    fast_mohm=1.9205,
    fast_s=179.35,
    ohmic_mohm=3.6,
    resistance_growth=1.0942,
    exchange_exponent=2.2,
    depth_reserve=0.02,
    kinetic_v=0.06,
    depth_capacity_ah=146.0,
    model_c10_ah=117.9,
)
