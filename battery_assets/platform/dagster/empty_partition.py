"""What the check of a table says of a partition without rows, where rows are expected."""

import dagster as dg

from battery_assets.platform.dagster.partitions import Part


def no_rows(part: Part, failures: list[str], refused: list[str]) -> dg.AssetCheckResult:
    """A warning, since what comes after it has nothing to be wrong about; an error where columns are wrong.

    failures: what else is wrong with the partition, refused: the files that its rows would be in, in words.
    """
    told = failures or [f"no rows of {part.key}, where rows are expected", *refused]
    severity = dg.AssetCheckSeverity.ERROR if failures else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        passed=False, severity=severity, description="; ".join(told), metadata={"rows": 0, "failures": told}
    )
