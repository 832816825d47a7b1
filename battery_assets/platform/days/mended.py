"""Days that are not what was written: they are made again, and somebody has to hear of it."""

from collections.abc import Collection, Mapping
from datetime import date

import dagster as dg

from battery_assets.platform.days.plan import DayEntry


def warn_of_changed_days(
    name: str, input_hashes: Mapping[date, str], entries: Mapping[date, DayEntry], whole: Collection[date]
) -> tuple[date, ...]:
    """The days that would have stayed, had they still been what was written; the run's log says so."""
    same = {day for day, entry in entries.items() if input_hashes.get(day) == entry.input_hash}
    days = tuple(sorted(same.difference(whole)))
    if days:
        listed = ", ".join(day.isoformat() for day in days)
        words = "damaged or changed by others since they were written, and are made again"
        dg.get_dagster_logger().warning(f"{name}: {listed} were {words}")
    return days
