"""How the world is cut: by UTC month and by site."""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from battery_assets.platform import clock

FIRST_MONTH = "2015-01"
# Published lives of cells began long before the fleet did.
FIRST_LAB_MONTH = "2000-01"
SITE_PATTERN = re.compile(r"^[a-z0-9][a-z0-9_-]{0,30}$")
MONTH_PATTERN = re.compile(r"^[0-9]{4}-(0[1-9]|1[0-2])$")

# Months are partitions once something is asked of them: a calendar from 2015 on showed what nobody misses.
months = dg.DynamicPartitionsDefinition(name="month")
sites = dg.DynamicPartitionsDefinition(name="site")
site_months = dg.MultiPartitionsDefinition({"month": months, "site": sites})
# Labs are sites of their own kind: a fleet's page does not show them as missing, nor theirs a fleet's.
labs = dg.DynamicPartitionsDefinition(name="lab")
months_of_labs = dg.DynamicPartitionsDefinition(name="lab_month")
lab_months = dg.MultiPartitionsDefinition({"month": months_of_labs, "site": labs})


@dataclass(frozen=True)
class Part:
    """One partition: a month of a site. Tables that are not cut by one of the two leave it None."""

    site: str | None = None
    month: str | None = None

    def __post_init__(self) -> None:
        if self.site is not None and not SITE_PATTERN.fullmatch(self.site):
            raise ValueError(f"site {self.site!r} is not a site id: allowed is {SITE_PATTERN.pattern}")
        if self.month is not None and not MONTH_PATTERN.fullmatch(self.month):
            raise ValueError(f"month {self.month!r} is not a month: allowed is YYYY-MM, as in 2025-03")

    @classmethod
    def of(cls, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> "Part":
        """The partition that Dagster asks for."""
        operation = getattr(context, "op_execution_context", context)
        if not operation.has_partition_key:
            return cls()
        key = operation.partition_key
        # A run launched with the partition's tag alone gives a plain text, month|site.
        month, _, site = str(key).partition("|")
        return cls(site or None, month)

    @property
    def key(self) -> str:
        """As Dagster writes it: 2025-03|bangrak."""
        return "|".join(word for word in (self.month, self.site) if word) or "all"

    @property
    def start(self) -> datetime:
        """First instant of the month."""
        return datetime.fromisoformat(f"{self._month}-01").replace(tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant of the next month."""
        year, month = self.start.year, self.start.month
        return self.start + timedelta(days=monthrange(year, month)[1])

    @property
    def before(self) -> "Part":
        """The same site's month before."""
        return Part(self.site, (self.start - timedelta(days=1)).strftime("%Y-%m"))

    @property
    def days(self) -> list[date]:
        """Every day of the month."""
        return [self.start.date() + timedelta(days=n) for n in range((self.end - self.start).days)]

    @property
    def _month(self) -> str:
        if self.month is None:
            raise ValueError(f"partition {self.key} has no month")
        return self.month


def calendar(*, lab: bool = False) -> list[str]:
    """Every month that can be a partition, the one that is still running included."""
    return month_range(FIRST_LAB_MONTH if lab else FIRST_MONTH, f"{clock.now():%Y-%m}")


def know_months(instance: dg.DagsterInstance, names: Iterable[str], *, lab: bool = False) -> None:
    """Make months partitions; they stay in the order of time, in which pages show and backfills run them."""
    of = str((months_of_labs if lab else months).name)
    present = instance.get_dynamic_partitions(of)
    fresh = sorted(set(names) - set(present))
    if not fresh:
        return
    later = [month for month in present if month > fresh[0]]
    for month in later:
        instance.delete_dynamic_partition(of, month)
    instance.add_dynamic_partitions(of, sorted([*fresh, *later]))


def months_after(month: str, count: int) -> str:
    """The month so many months later."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_range(first: str, last: str) -> list[str]:
    """Every month from the first to the last, both included."""
    month, months = Part(month=first), []
    while month.key <= last:
        months.append(month.key)
        month = Part(month=month.end.strftime("%Y-%m"))
    return months
