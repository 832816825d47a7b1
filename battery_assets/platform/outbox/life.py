"""The weekly proof of life: what was judged and sent, so that silence means that all is well."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from battery_assets.platform.outbox.kinds import PROOF_OF_LIFE, WEEKLY
from battery_assets.platform.outbox.routing import boundary
from battery_assets.tables.service import messages as m
from battery_assets.tables.service.people import users

_COUNTS = sa.text("""
WITH mine AS (SELECT site FROM platform.site WHERE '*' = ANY(:sites) OR site = ANY(:sites)),
made AS (SELECT v.* FROM platform.partition_version v JOIN mine USING (site)
         WHERE v.committed_at > :since AND v.committed_at <= :now)
SELECT
    (SELECT count(*) FROM mine) AS "sites and labs",
    (SELECT count(DISTINCT site) FROM made) AS "of them looked at",
    (SELECT count(DISTINCT (site, month)) FROM made) AS "months made or made again",
    (SELECT count(*) FROM made) AS "tables of months written",
    (SELECT coalesce(sum(rows), 0)::bigint FROM made) AS "rows written",
    (SELECT count(*) FROM service.outbox o WHERE o.created_at > :since
        AND (o.site IS NULL OR o.site IN (SELECT site FROM mine))) AS "events",
    (SELECT coalesce(to_char(max(committed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'never') FROM
        platform.partition_version v JOIN mine USING (site)) AS "UTC: newest look at your sites"
""").bindparams(sa.bindparam("sites", type_=ARRAY(sa.Text)))


def counts(connection: sa.Connection, now: datetime, sites: Sequence[str]) -> dict[str, int | str]:
    """What was looked at in the seven days before, of the sites that a person sees."""
    values = {"since": now - timedelta(days=7), "now": now, "sites": list(sites)}
    return dict(connection.execute(_COUNTS, values).mappings().one())


def week_of(now: datetime, zone: tzinfo = UTC) -> str:
    """The ISO week whose proof is due: it begins on Monday at six in a zone."""
    return f"{_begun(now, zone):%G-W%V}"


def _begun(now: datetime, zone: tzinfo) -> datetime:
    """The Monday at six that was last."""
    return boundary(WEEKLY, now, zone).astimezone(zone) - timedelta(days=7)


def due_for_proof(connection: sa.Connection, now: datetime, zone: tzinfo = UTC) -> Sequence[sa.Row]:
    """People who were there when the week began and have had no proof of it, but want one."""
    begun = _begun(now, zone)
    e, p = m.email_logs.c, m.notification_preferences.c
    had = sa.select(e.user_id).where(
        e.event_type == PROOF_OF_LIFE.name, e.created_at >= begun, e.user_id.is_not(None)
    )
    unwanted = sa.select(p.user_id).where(
        p.event_type == PROOF_OF_LIFE.name,
        sa.or_(p.email_enabled.is_(False), p.email_frequency == "never"),
    )
    query = sa.select(users.c.id, users.c.email, users.c.sites).where(
        users.c.is_active,
        users.c.created_at <= begun,
        users.c.id.not_in(had),
        users.c.id.not_in(unwanted),
    )
    return connection.execute(query.order_by(users.c.id)).all()
