"""What Dagster keeps of runs that ended long ago: what pages show of each partition, and nothing else.

Of an old run go the lines of its log, what its steps printed, and the materializations and check results
that a later one has taken the place of. A run of which nothing is left goes itself. The newest of each
partition stays for ever: without it the partition would be missing on the pages.

What is large goes earlier. Lines of a run that succeeded go after days, as all that it made is said by its
materializations, and by the results of checks in their own table. A picture goes once a newer result of the
same partition is there.
"""

from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform import clock

KEEP_DAYS = 30
# Long enough for somebody who comes back on Monday; failed runs keep theirs for KEEP_DAYS.
KEEP_LINES_DAYS = 4
# A month of the year before is compared by numbers; who wants its pictures materializes it again.
KEEP_PICTURES_DAYS = 400
# Newer ones of the same asset and partition take their place.
_REPLACED = ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION", "ASSET_MATERIALIZATION_PLANNED")
_CHECKED = ("ASSET_CHECK_EVALUATION", "ASSET_CHECK_EVALUATION_PLANNED")
_OF_RUN = ("PIPELINE_START", "PIPELINE_SUCCESS", "PIPELINE_FAILURE", "PIPELINE_CANCELED")
_OLD = """
SELECT run_id FROM runs
WHERE status IN ('SUCCESS', 'FAILURE', 'CANCELED') AND update_timestamp < :before"""
_LINES = """
DELETE FROM event_logs WHERE run_id IN (OLD)
AND (dagster_event_type IS NULL OR NOT dagster_event_type = ANY(:kept))"""
_DONE = """
DELETE FROM event_logs WHERE run_id IN (
    SELECT run_id FROM runs WHERE status = 'SUCCESS' AND update_timestamp < :done_before)
AND (dagster_event_type IS NULL OR NOT dagster_event_type = ANY(:shown))"""
# Pictures stand in the text of an event, which says by itself whether it is a long one.
_PICTURES = r"""
UPDATE event_logs old SET event = regexp_replace(
    event, '!\[\]\(data:image/png;base64,[A-Za-z0-9+/=]*\)', :instead, 'g')
WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND pg_column_size(event) > :long
AND position('data:image/png;base64,' IN event) > 0
AND (timestamp < :pictures_before OR EXISTS (
    SELECT 1 FROM event_logs newer WHERE newer.asset_key = old.asset_key AND newer.id > old.id
    AND newer.dagster_event_type = 'ASSET_MATERIALIZATION'
    AND newer.partition IS NOT DISTINCT FROM old.partition))"""
_INSTEAD, _LONG = "A newer result took the place of this picture.", 2000
_NEWER = """
DELETE FROM event_logs old WHERE run_id IN (OLD) AND dagster_event_type = ANY(:replaced) AND EXISTS (
    SELECT 1 FROM event_logs newer WHERE newer.asset_key = old.asset_key AND newer.id > old.id
    AND newer.dagster_event_type IN ('ASSET_MATERIALIZATION', old.dagster_event_type)
    AND newer.partition IS NOT DISTINCT FROM old.partition)"""
_JUDGED = """
DELETE FROM asset_check_executions old WHERE run_id IN (OLD) AND EXISTS (
    SELECT 1 FROM asset_check_executions newer WHERE newer.asset_key = old.asset_key
    AND newer.check_name = old.check_name AND newer.id > old.id
    AND newer.partition IS NOT DISTINCT FROM old.partition)"""
_OF_JUDGED = """
DELETE FROM event_logs WHERE run_id IN (OLD) AND dagster_event_type = ANY(:checked) AND NOT EXISTS (
    SELECT 1 FROM asset_check_executions kept WHERE kept.evaluation_event_storage_id = event_logs.id)"""
_TAGS = """
DELETE FROM asset_event_tags WHERE NOT EXISTS (
    SELECT 1 FROM event_logs WHERE event_logs.id = asset_event_tags.event_id)"""
_EMPTY = """
SELECT run_id FROM runs WHERE run_id IN (OLD) AND NOT EXISTS (
    SELECT 1 FROM event_logs WHERE event_logs.run_id = runs.run_id
    AND NOT event_logs.dagster_event_type = ANY(:of_run))
AND NOT EXISTS (SELECT 1 FROM asset_check_executions judged WHERE judged.run_id = runs.run_id)"""


def prune(instance: dg.DagsterInstance, keep_days: int) -> dict[str, int]:
    """Forget what nobody looks at of runs that ended so many days ago; 0 keeps all. Returns what went.

    For Dagster's storage in PostgreSQL; another one is left as it is.
    """
    gone = {"events": 0, "pictures": 0, "runs": 0, "logs": 0}
    storage: Any = instance.event_log_storage
    if not keep_days or not hasattr(storage, "index_connection"):
        return gone
    now = clock.now()
    before = now - timedelta(days=keep_days)
    with storage.index_connection() as connection:
        if connection.dialect.name != "postgresql":
            return gone
        old, empty = _forget(connection, now, keep_days, gone)
        forget_results(connection, before)
    for run_id in empty:
        instance.delete_run(run_id)
    logs = instance.compute_log_manager
    for run_id in old:
        logs.delete_logs(prefix=[run_id])
    return {**gone, "runs": len(empty), "logs": len(old)}


def forget_results(connection: sa.Connection, before: datetime) -> int:
    """Delete what Celery keeps of tasks that ended so long ago. Returns how many."""
    if connection.execute(sa.text("SELECT to_regclass('celery_taskmeta')")).scalar() is None:
        return 0
    statement = sa.text("DELETE FROM celery_taskmeta WHERE date_done < :before")
    return connection.execute(statement, {"before": before.replace(tzinfo=None)}).rowcount


def _forget(
    connection: sa.Connection, now: datetime, keep_days: int, gone: dict[str, int]
) -> tuple[list[str], list[str]]:
    """Delete events. Returns the ids of old runs, and of those of which nothing is left."""
    before, done = (now - timedelta(days=days) for days in (keep_days, min(keep_days, KEEP_LINES_DAYS)))
    bounds = {
        "before": before.replace(tzinfo=None),
        "kept": [*_REPLACED, *_CHECKED, *_OF_RUN],
        "replaced": list(_REPLACED),
        "checked": list(_CHECKED),
        "of_run": list(_OF_RUN),
        "done_before": done.replace(tzinfo=None),
        # Pages of checks read a table of their own, which has the whole result.
        "shown": ["ASSET_MATERIALIZATION", "ASSET_OBSERVATION", *_OF_RUN],
        "pictures_before": (now - timedelta(days=KEEP_PICTURES_DAYS)).replace(tzinfo=None),
        "instead": _INSTEAD,
        "long": _LONG,
    }

    def asked(statement: str) -> sa.CursorResult[Any]:
        text = statement.replace("(OLD)", f"({_OLD})")
        return connection.execute(
            sa.text(text), {name: value for name, value in bounds.items() if f":{name}" in text}
        )

    gone["pictures"] = asked(_PICTURES).rowcount
    for statement in (_DONE, _LINES, _NEWER, _JUDGED, _OF_JUDGED, _TAGS):
        rows = asked(statement).rowcount
        gone["events"] += rows if "FROM event_logs" in statement.partition("WHERE")[0] else 0
    return list(asked(_OLD).scalars()), list(asked(_EMPTY).scalars())
