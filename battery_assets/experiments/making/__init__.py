"""How datasets are made, by the kind of their job."""

from battery_assets.experiments.making import capturing, discharging, generation, importing
from battery_assets.tables.experiments.signals import CAPTURES, DISCHARGES, GENERATION, IMPORT

MAKERS = {GENERATION: generation, CAPTURES: capturing, IMPORT: importing, DISCHARGES: discharging}
