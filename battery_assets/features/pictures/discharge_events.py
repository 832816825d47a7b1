"""When the strings of a site were loaded: the discharges of a month, found in the string telemetry."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from battery_assets.features.ride_through.loads import by_discharge

LONGEST_BEFORE, LONGEST_AFTER = timedelta(minutes=30), timedelta(hours=6)


@dataclass(frozen=True)
class DischargeEvent:
    """One discharge of one string: first and last loaded sample, Ah drawn (positive)."""

    string_id: str
    begun: datetime
    ended: datetime
    drawn_ah: float

    @property
    def shown_from(self) -> datetime:
        """The float before it, as far as it is worth showing."""
        return self.begun - min(max((self.ended - self.begun) / 10, timedelta(minutes=1)), LONGEST_BEFORE)

    @property
    def shown_to(self) -> datetime:
        """The beginning of the recharge."""
        return self.ended + min(max((self.ended - self.begun) * 0.7, timedelta(minutes=10)), LONGEST_AFTER)


def deepest_discharge(loaded: pl.DataFrame) -> DischargeEvent | None:
    """The discharge of a month that drew most charge; None without one.

    loaded: as `loaded_samples` returns it.
    """
    events = (
        by_discharge(loaded)
        .group_by("string_id", "discharge")
        .agg(
            begun=pl.col("ts").min(),
            ended=pl.col("ts").max(),
            drawn_ah=-(pl.col("current_a") * pl.col("step_s")).sum() / 3600.0,
            drawn_a=-pl.col("current_a").mean(),
        )
        .sort("drawn_ah", "drawn_a", "string_id", "begun")
    )
    if events.is_empty():
        return None
    last = events.row(-1, named=True)
    return DischargeEvent(last["string_id"], last["begun"], last["ended"], last["drawn_ah"])
