"""What the page of a month is made of: frames of a fleet as of the month's end."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
# Of each frame its columns. `_before` is the same of the month before; codes are those of people.
JARS: dict[str, Any] = {
    "site": pl.String, "string": pl.String, "jar": pl.String, "position": pl.Int64, "soh_pct": pl.Float64,
    "soh_before_pct": pl.Float64, "fault": pl.String, "rul_days": pl.Float64, "rul_lower_days": pl.Float64,
    "rul_upper_days": pl.Float64, "p90": pl.Float64, "p90_before": pl.Float64, "source": pl.String,
}  # fmt: skip
STRINGS: dict[str, Any] = {
    "site": pl.String, "string": pl.String, "load": pl.String, "required_min": pl.Float64,
    "runtime_min": pl.Float64, "runtime_lower_min": pl.Float64, "runtime_upper_min": pl.Float64,
    "p": pl.Float64, "p_before": pl.Float64, "weakest": pl.String, "because": pl.String,
    "captured_at": INSTANT, "load_lost_days": pl.Float64, "load_lost_lower_days": pl.Float64,
    "load_lost_upper_days": pl.Float64, "change_first": pl.String,
}  # fmt: skip
PLACES: dict[str, Any] = {"site": pl.String, "latitude": pl.Float64, "longitude": pl.Float64}
INCIDENTS: dict[str, Any] = {
    "site": pl.String, "incident_code": pl.String, "severity": pl.String, "title": pl.String,
    "rca_code": pl.String, "created_at": INSTANT, "ended_at": INSTANT, "open": pl.Boolean,
    "work_order": pl.String, "external_id": pl.String, "due_date": INSTANT,
}  # fmt: skip
RENEWED: dict[str, Any] = {"site": pl.String, "jar": pl.String, "replaced_date": pl.Date}
RULES: dict[str, Any] = {
    "site": pl.String, "alert_type": pl.String, "signal": pl.String, "alerts": pl.Int64,
    "came_true": pl.Int64, "false_alarms": pl.Int64, "ends": pl.Int64, "foreseen": pl.Int64,
}  # fmt: skip


def name_of(site: str) -> str:
    """The file of a site's page."""
    return f"site-{site}.html"


@dataclass(frozen=True)
class FleetMonth:
    """A month of a fleet. `until` is its end, or now while it runs; `stale`: sites whose rows are outdated.

    `models` pairs version and state of a life model with its scores, the newest first. `orders` counts
    the work orders of each site that are not done.
    """

    month: str
    start: datetime
    until: datetime
    sites: Sequence[str]
    jars: pl.DataFrame
    strings: pl.DataFrame
    incidents: pl.DataFrame
    renewed: pl.DataFrame
    rules: pl.DataFrame
    orders: dict[str, int]
    places: pl.DataFrame
    models: Sequence[tuple[str, dict[str, float]]] = ()
    stale: Sequence[str] = ()

    def of_site(self, site: str) -> "FleetMonth":
        """The same of one site."""
        own: dict[str, Any] = {
            each.name: value.filter(pl.col("site") == site)
            for each in fields(self)
            if isinstance(value := getattr(self, each.name), pl.DataFrame)
        }
        stale = [one for one in self.stale if one == site]
        return replace(self, sites=[site], orders={site: self.orders.get(site, 0)}, stale=stale, **own)

    @property
    def silent(self) -> list[str]:
        """Sites of which the month has no state of any jar and no ride-through of any string."""
        heard = {*self.jars.drop_nulls("soh_pct")["site"], *self.strings["site"]}
        return [site for site in self.sites if site not in heard]
