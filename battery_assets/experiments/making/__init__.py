"""How datasets are made, by the kind of their job."""

from battery_assets.experiments.making import capturing, cycling, discharging, generation, importing
from battery_assets.tables.experiments.signals import CAPTURES, CELLS, DISCHARGES, GENERATION, IMPORT

MAKERS = {
    GENERATION: generation, CAPTURES: capturing, IMPORT: importing, DISCHARGES: discharging, CELLS: cycling,
}  # fmt: skip
