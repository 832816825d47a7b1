"""One month of one synthetic site at 5 s, from nothing to work orders, in a process that does nothing else.

9 strings of 24 jars are 112 million rows. Phases 1 to 5 run first with their checks, as a selection of the
job site_month, and the process' peak memory is noted; then phases 6 and 7, and it is noted again. PostgreSQL
runs beside it and is not counted (256 MB of shared buffers); files that are mapped into memory are.

In another such process the month is run as on the night before its last day is over, and again one night
later: the share of the last day is what the bodies of assets and checks took then, over what they took for
all the days before it; of all phases, and of those up to the twin.
"""

import resource
import sys
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.session import Session, put_site, quiet_logs, session
from battery_assets.platform import clock
from benchmarks.bodies import watch_bodies
from benchmarks.world import FIRST_MONTH, clocked, lay_catalogue

# Two sites, since both lie in one home: what the other group made must not be there already.
AT_ONCE, NIGHTLY = "full", "nightly"
FULL = {"interval_s": 5, "strings": 9, "jars_per_string": 24}
SMALL = {"interval_s": 900, "strings": 1, "jars_per_string": 4}
# The steps that take longest; the rest of phases 1 to 7 is within the whole.
STEPS = (
    "telemetry_jar_raw",
    "telemetry_string_raw",
    "telemetry_jar_calc",
    "feature_store",
    "digital_twin_state",
    "alert",
)


def measure(small: bool) -> dict[str, float]:
    """Seconds and peak memory of the month, of phases 1 to 5 and of all, and seconds of its largest steps."""
    bodies: dict[str, float] = {}
    watch_bodies(lambda _run_id, step, seconds: bodies.update({step: seconds}))
    with _site(small, AT_ONCE) as at:
        with clocked() as until_features:
            _run(at, AT_ONCE, assets(1, 5))
        peak = _peak_gb()
        with clocked() as operations:
            _run(at, AT_ONCE, assets(6, 7))
    checks = sum(seconds for step, seconds in bodies.items() if step not in assets(1, 7))
    return {
        "site_month_5s_seconds": until_features.seconds,
        "site_month_5s_peak_gb": peak,
        "site_month_5s_all_seconds": until_features.seconds + operations.seconds,
        "site_month_5s_all_peak_gb": _peak_gb(),
        **{f"site_month_5s_{step}_seconds": bodies[step] for step in STEPS},
        "site_month_5s_checks_seconds": checks,
        **{f"phase_{phase}_seconds": seconds for phase, seconds in _by_phase(bodies).items()},
    }


def one_more_day(small: bool) -> dict[str, float]:
    """What one more day costs of the month that it is added to, bodies of assets and checks of all phases."""
    bodies: dict[str, float] = {}
    watch_bodies(lambda _run_id, step, seconds: bodies.update({step: seconds}))
    begin = datetime.strptime(FIRST_MONTH, "%Y-%m").replace(tzinfo=UTC)
    over = begin + timedelta(days=monthrange(begin.year, begin.month)[1], hours=1)
    with _site(small, NIGHTLY) as at:
        with clock.stop_at(over - timedelta(days=1)):
            _run(at, NIGHTLY, assets(1, 7))
        before, before_to_twin = sum(bodies.values()), _to_twin(bodies)
        bodies.clear()
        with clock.stop_at(over), clocked() as run:
            _run(at, NIGHTLY, assets(1, 7))
    day = sum(bodies.values())
    return {
        "incremental_day_share": day / before,
        "incremental_day_to_twin_share": _to_twin(bodies) / before_to_twin,
        "incremental_day_seconds": day,
        "incremental_day_run_seconds": run.seconds,
    }


@contextmanager
def _site(small: bool, site: str) -> Iterator[Session]:
    with session() as at:
        quiet_logs()
        config = {"place": "bangrak", "seed": 7, "start": FIRST_MONTH, **(SMALL if small else FULL)}
        put_site(at, site, "synthetic", config)
        lay_catalogue(at.warehouse)
        yield at


def _by_phase(bodies: Mapping[str, float]) -> dict[int, float]:
    """Seconds of each phase: its assets, and the checks that are named after them."""
    found = dict.fromkeys(sorted({table.info["phase"] for table in t.TABLES}), 0.0)
    for step, seconds in bodies.items():
        found[_table_of(step).info["phase"]] += seconds
    return found


def _to_twin(bodies: Mapping[str, float]) -> float:
    """Seconds of raw and calculated telemetry, features and twin, with their checks."""
    tables = {step: _table_of(step) for step in bodies}
    return sum(
        seconds
        for step, seconds in bodies.items()
        if tables[step].info["phase"] <= 5 or tables[step] is t.digital_twin_state
    )


def _table_of(step: str) -> sa.Table:
    """The table of an asset, or of a check that is named after it."""
    return max(
        (table for table in t.TABLES if step.startswith(table.name)), key=lambda table: len(table.name)
    )


def assets(first: int, last: int) -> list[str]:
    """The job's assets of these phases: tables that are cut by site and month."""
    of_phases = [table for table in t.FLEET_TABLES if first <= table.info["phase"] <= last]
    return [table.name for table in of_phases if table.info["cut"] == "site_month"]


def _run(at: Session, site: str, assets: Sequence[str]) -> None:
    import dagster as dg

    from battery_assets.definitions import defs
    from battery_assets.platform.dagster.partitions import know_months

    know_months(at.instance, [FIRST_MONTH])
    job = defs.resolve_job_def("site_month")
    known = {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    if not known >= set(assets):
        raise RuntimeError(f"the job site_month does not make {sorted(set(assets) - known)}")
    result = job.execute_in_process(
        instance=at.instance,
        partition_key=dg.MultiPartitionKey({"month": FIRST_MONTH, "site": site}),
        asset_selection=[dg.AssetKey(name) for name in assets],
        run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
    )
    checked = {evaluation.asset_key.path[-1] for evaluation in result.get_asset_check_evaluations()}
    if not result.success or checked != set(assets):
        raise RuntimeError(
            f"not all of {', '.join(assets)} were made and checked; checked: {sorted(checked)}"
        )


def _peak_gb() -> float:
    """Largest resident memory of this process since it began, in GB of 10^9 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
