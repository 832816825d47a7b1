"""Months of sites or labs made again: what that would take, asked for, and what it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.jobs.asking import Asker
from battery_assets.actions.people.caller import Caller
from battery_assets.errors import BadField
from battery_assets.platform.dagster.partitions import calendar, month_range
from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.launching import Launch
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES

KIND, MOST, MOST_CHANGES = "backfill", 500, 1_000
# ruff: noqa: S608 (every part of a statement is written here)
# dagster.yaml lets so many runs go on at once; a site's months follow each other.
SIDE_BY_SIDE = 2
_MONTHS = """
SELECT site, month, count(*) AS tables, coalesce(sum(rows), 0)::bigint AS rows, run_id,
       extract(epoch FROM max(committed_at) - min(claimed_at)) AS seconds
FROM platform.partition_version
WHERE version IS NOT NULL AND site <> '' AND month <> '' AND site = ANY (:sites)
GROUP BY site, month, run_id
"""
_EACH = f"WITH each AS ({_MONTHS})"
_HELD = sa.text(
    _EACH + " SELECT site, month, sum(tables)::int AS tables, sum(rows)::bigint AS rows FROM each "
    "WHERE month BETWEEN :first AND :last GROUP BY site, month"
)
# What a month took is known of runs that made all of it: half of a site's tables at least.
_TOOK = sa.text(
    _EACH + " SELECT site, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds, count(*) AS runs "
    "FROM each WHERE tables * 2 >= (SELECT max(tables) FROM each AS most WHERE most.site = each.site) "
    "GROUP BY site"
)
_KEEP = sa.text("""
INSERT INTO service.backfill_before (job_id, table_name, site, month, rows, sha256)
SELECT :job, table_name, site, month, rows, sha256 FROM platform.partition_version
WHERE version IS NOT NULL AND site = ANY (:sites) AND month BETWEEN :first AND :last
""")
_COMPARED = """
WITH c AS (
SELECT coalesce(now.table_name, was.table_name) AS table_name, coalesce(now.site, was.site) AS site,
       coalesce(now.month, was.month) AS month, was.rows AS rows_before, now.rows AS rows_now,
       now.committed_at, now.sha256 IS DISTINCT FROM was.sha256 AS changed
FROM (SELECT * FROM platform.partition_version WHERE version IS NOT NULL AND site = ANY (:sites)
      AND month BETWEEN :first AND :last) AS now
FULL JOIN (SELECT * FROM service.backfill_before WHERE job_id = :job) AS was
  USING (table_name, site, month))
"""
_COUNTS = sa.text(
    _COMPARED + "SELECT count(*) AS partitions, count(*) FILTER (WHERE changed) AS changed FROM c"
)
_CHANGES = sa.text(_COMPARED + "SELECT * FROM c WHERE changed ORDER BY month, site, table_name LIMIT :most")


@dataclass(frozen=True)
class Range:
    """Sites, or labs, and months from the first to the last."""

    sites: tuple[str, ...]
    first: str
    last: str
    lab: bool = False

    @property
    def partitions(self) -> list[str]:
        """Keys of its runs: month by month, as each builds on the one before."""
        return [f"{month}|{site}" for month in month_range(self.first, self.last) for site in self.sites]

    @property
    def terms(self) -> dict[str, Any]:
        """As its statements take it."""
        return {"sites": list(self.sites), "first": self.first, "last": self.last}


def checked(connection: sa.Connection, caller: Caller, asked: Range) -> Range:
    """The same range, of sites that are there and that the caller sees. BadField that names what is not."""
    rows = registry.sites(connection)
    sites = {row.site for row in rows if (row.source in LAB_SOURCES) == asked.lab and caller.sees(row.site)}
    if not set(asked.sites) <= sites:
        raise _refused("sites", f"one is no {'lab' if asked.lab else 'site'} that you see")
    if len(set(asked.sites)) < len(asked.sites):
        raise _refused("sites", "one is named twice")
    oldest, *_, newest = calendar(lab=asked.lab)
    if not oldest <= asked.first <= asked.last <= newest:
        raise _refused("first", f"months from {oldest} to {newest} are taken, in this order")
    if len(asked.partitions) > MOST:
        raise _refused("last", f"{MOST} partitions at most; these are {len(asked.partitions):,}")
    return asked


def _refused(field: str, fault: str) -> BadField:
    return BadField(f"{field}: {fault}", "correct it", field, fault)


def preview(connection: sa.Connection, asked: Range) -> dict[str, Any]:
    """What a backfill would make again, and the minutes that it takes by what such months took before.

    minutes is None where no month of any of the sites was made yet.
    """
    held = {(row.site, row.month): row for row in connection.execute(_HELD, asked.terms)}
    took = {row.site: row for row in connection.execute(_TOOK, asked.terms)}
    usual = sorted(float(row.seconds) for row in took.values())
    guess = usual[len(usual) // 2] if usual else None
    seconds = {site: float(took[site].seconds) if site in took else guess for site in asked.sites}
    items = [
        {
            "site": site, "month": month, "there": (site, month) in held,
            "tables": row.tables if (row := held.get((site, month))) else 0,
            "rows": row.rows if row else 0,
        }
        for month, site in (key.split("|") for key in asked.partitions)
    ]  # fmt: skip
    return {
        "partitions": len(items), "there_already": sum(one["there"] for one in items),
        "rows": sum(one["rows"] for one in items), "minutes": _minutes(asked, seconds),
        "measured_runs": sum(row.runs for row in took.values()), "items": items,
    }  # fmt: skip


def _minutes(asked: Range, seconds: dict[str, float | None]) -> float | None:
    months = len(asked.partitions) / len(asked.sites)
    each = [months * one for one in seconds.values() if one is not None]
    if len(each) < len(seconds):
        return None
    return round(max(*each, sum(each) / SIDE_BY_SIDE) / 60, 1) if len(each) > 1 else round(each[0] / 60, 1)


def ask(asker: Asker, asked: Range) -> int:
    """Put a backfill into the queue, and keep what its partitions hold now. Returns the job's number."""
    facts = {"name": f"{asked.first} to {asked.last}", "lab_months": asked.lab, **asked.terms}
    number = core.ask(asker.connection, KIND, facts, len(asked.partitions))
    asker.connection.execute(_KEEP, {"job": number, **asked.terms})
    launch = Launch("lab_month" if asked.lab else "site_month", asked.partitions, followed=True, by=asker.by)
    return asker.launch(number, launch)


def difference(connection: sa.Connection, number: int, facts: dict[str, Any]) -> dict[str, Any]:
    """What partitions of a backfill hold now against what they held: how many, and those that changed."""
    terms = {"job": number, **{name: facts[name] for name in ("sites", "first", "last")}}
    counts = connection.execute(_COUNTS, terms).one()
    changes: Sequence[sa.RowMapping] = (
        connection.execute(_CHANGES, {**terms, "most": MOST_CHANGES}).mappings().all()
    )
    return {
        "partitions": counts.partitions, "changed": counts.changed,
        "changes": [{name: value for name, value in row.items() if name != "changed"} for row in changes],
    }  # fmt: skip
