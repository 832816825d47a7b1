"""How datasets are made, by the kind of their job."""

from battery_assets.experiments.making import capturing, generation
from battery_assets.tables.experiments.signals import CAPTURES, GENERATION

MAKERS = {GENERATION: generation, CAPTURES: capturing}
