"""What the capacitor calendar proposes, as work orders: once for each exchange, the same one in every run.

The fleet shows them beside its own orders, and people work on them alike. While an order is open a later run
changes what it says and when it is due. One that is done stays done: only weeks after it propose the next.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform import clock
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.service.entries import work_order_proposal

KIND = "capacitor"
# Systems that no site of ours has, as of an operator's captures, have no order.
_DUE = sa.text("""
SELECT plan.site, own.system_id::text AS system_id, own.location_id::text AS location_id, plan.title,
       plan.description, plan.priority, plan.due_early,
       (SELECT min(week.week_from) FROM experiments.capacitor_weeks AS week
        JOIN experiments.datasets AS data ON data.id = week.dataset_id
        WHERE data.name = plan.dataset AND week.system = plan.system_code) AS seen_from
FROM fleet.capacitor_exchange AS plan
JOIN fleet.battery_system AS own
  ON own.site = plan.site AND plan.system_code IN (own.system_code, own.site || '-' || own.system_code)
WHERE plan.dataset = :dataset
ORDER BY plan.site, own.system_id
""")
_BEFORE = sa.text("""
SELECT work_order_id, status, (coalesce(completed_at, created_at) AT TIME ZONE 'UTC')::date AS ended
FROM fleet.work_order WHERE site = :site AND fault = :fault ORDER BY created_at, work_order_id
""")


def propose(warehouse: Warehouse, dataset: str) -> int:
    """Propose the exchanges that a dataset's calendar says. Returns how many orders are new."""
    new = 0
    with warehouse.transaction() as connection:
        # Two runs would each find no order and propose one.
        connection.execute(sa.text("LOCK TABLE service.work_order_proposal IN SHARE ROW EXCLUSIVE MODE"))
        for due in connection.execute(_DUE, {"dataset": dataset}).mappings().all():
            new += _put(connection, dict(due), dataset)
    return new


def _put(connection: sa.Connection, due: dict[str, Any], dataset: str) -> int:
    """Enter the order of a system, or change the open one. Returns 1 for a new one."""
    fault = f"{KIND}|{due['system_id']}"
    before = connection.execute(_BEFORE, {"site": due["site"], "fault": fault}).all()
    done = [order for order in before if order.status in ("completed", "closed")]
    going = [order for order in before if order not in done]
    if not going and any(order.ended >= due["seen_from"] for order in done):
        return 0
    said = {
        "title": due["title"], "description": due["description"], "priority": due["priority"],
        "due_date": due["due_early"], "proposed_by": dataset,
    }  # fmt: skip
    number = str(going[-1].work_order_id) if going else identity("work_order", fault, due["site"], len(done))
    whose = {"site": due["site"], "fault": fault, "location_id": due["location_id"]}
    entered = insert(work_order_proposal).values(
        work_order_id=number, created_at=clock.now(), **whose, **said
    )
    connection.execute(entered.on_conflict_do_update(index_elements=["work_order_id"], set_=said))
    return int(not going)
