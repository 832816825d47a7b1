"""What the check of a table says of a partition without rows, where rows are expected."""

from datetime import timedelta

import dagster as dg

from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part


def no_rows(part: Part, failures: list[str], refused: list[str]) -> dg.AssetCheckResult:
    """A warning, since what comes after it has nothing to be wrong about; an error where columns are wrong.

    A month of which no day is over has no rows yet: that is no failure. failures: what else is wrong with the
    partition, refused: the files that its rows would be in, in words.
    """
    if not failures and not refused and has_just_begun(part):
        words = f"nothing yet: no day of {part.month} is over"
        return dg.AssetCheckResult(passed=True, description=words, metadata={"rows": 0})
    sentences = failures or [f"no rows of {part.key}, where rows are expected", *refused]
    severity = dg.AssetCheckSeverity.ERROR if failures else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=False,
        severity=severity,
        description="; ".join(sentences),
        metadata={"rows": 0, "failures": sentences},
    )


def has_just_begun(part: Part) -> bool:
    """Is it a month of which no day is over?"""
    return part.month is not None and clock.now() < part.start + timedelta(days=1)
