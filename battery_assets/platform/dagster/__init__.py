"""What Dagster is told: assets, checks, partitions, schedules, what a run shows."""

import warnings

from dagster import BetaWarning, PreviewWarning

# Partitioned checks and mappings past the first month are beta in Dagster 1.13; the versions are pinned.
for _category in (BetaWarning, PreviewWarning):
    warnings.filterwarnings("ignore", category=_category)
