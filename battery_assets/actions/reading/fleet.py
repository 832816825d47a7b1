"""What can be read of the fleet: master data, health, lives, alerts, incidents and work orders."""

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.reading.knowledge import Knowledge
from battery_assets.actions.reading.resource import (
    FLEET,
    STALE,
    Field,
    Resource,
    field_of,
    is_stale,
    of_entries,
    of_table,
    of_view,
)

_OF_JAR = ("site", "month", "battery_id")
_TWIN = ("captured_at", "soc_pct", "soh_pct", "soh_lower_pct", "soh_upper_pct", "r0_mohm", "evidence",
         "evidence_age_days", "fault")  # fmt: skip
_LIFE = ("predicted_at", "rul_days", "rul_lower_ci_days", "rul_upper_ci_days", "failure_probability_30d",
         "failure_probability_90d", "failure_probability_365d")  # fmt: skip
_JAR = ("site", "battery_id", "battery_code", "string_id", "position_in_string", "installed_date")


def _jars(knowledge: Knowledge) -> sa.Select:
    """Jars in service with their newest twin state and prediction, of what was known."""
    twin = _newest(t.digital_twin_state, "captured_at", knowledge).lateral("twin")
    life = _newest(t.rul_prediction, "predicted_at", knowledge).lateral("life")
    joined = (
        t.battery.join(t.string, t.string.c.string_id == t.battery.c.string_id)
        .outerjoin(twin, sa.true())
        .outerjoin(life, sa.true())
    )
    at = sa.func.current_date() if knowledge.as_of is None else sa.literal(knowledge.as_of.date())
    in_service = sa.or_(t.battery.c.replaced_date.is_(None), t.battery.c.replaced_date > at)
    here = sa.or_(t.battery.c.installed_date.is_(None), t.battery.c.installed_date <= at)
    columns: list[sa.ColumnElement] = [*(t.battery.c[name] for name in _JAR), t.string.c.string_code]
    columns += [twin.c[name] for name in _TWIN] + [life.c[name] for name in _LIFE]
    stale = is_stale(
        *(
            (of.name, one.c.site, one.c.month)
            for of, one in ((t.digital_twin_state, twin), (t.rul_prediction, life))
        )
    )
    selected = sa.select(*columns, life.c.source.label("rul_source"), stale)
    return selected.select_from(joined).where(in_service, here)


def _newest(table: sa.Table, at: str, knowledge: Knowledge) -> sa.Select:
    mine = table.c.battery_id == t.battery.c.battery_id
    rows = sa.select(table).where(mine, knowledge.of(table)).correlate(t.battery)
    return rows.order_by(table.c[at].desc()).limit(1)


def _jar_fields() -> dict[str, Field]:
    columns = [t.battery.c[name] for name in _JAR] + [t.string.c.string_code]
    columns += [t.digital_twin_state.c[name] for name in _TWIN] + [t.rul_prediction.c[name] for name in _LIFE]
    fields = {column.name: field_of(column) for column in columns}
    return {**fields, "rul_source": field_of(t.rul_prediction.c.source, "rul_source"), STALE.name: STALE}


JARS = Resource(
    "jars",
    FLEET,
    "Jars in service, each with its newest twin state and remaining life.",
    _jars,
    _jar_fields(),
    ("battery_id",),
    ("site", "string_id", "battery_code", "string_code", "fault"),
    tables=(t.battery, t.digital_twin_state, t.rul_prediction),
    one_by=("battery_id", "battery_code"),
)


def _entered(
    base: sa.Table,
    view: str,
    *more: Field,
    by: tuple[str, ...],
    filters: tuple[str, ...],
    rests_on: tuple[sa.Table, ...] = (),
) -> Resource:
    """A view that joins what runs compute with what people entered."""
    fields = [field_of(column) for column in base.columns]
    source, named, title = of_view("fleet", base.name, base.comment or "", [*fields, *more, STALE])
    return Resource(
        view,
        FLEET,
        title,
        source,
        named,
        (by[0],),
        filters,
        "created_at",
        (base, *rests_on),
        site="site",
        one_by=by,
    )


INCIDENTS = _entered(
    t.incident,
    "incidents",
    Field("acknowledged_at", "instant", "When somebody acknowledged it."),
    Field("resolution", "text", "What a person said when it was resolved."),
    Field("notes", "integer", "How many notes people made."),
    Field("last_note", "text", "The newest of them."),
    by=("incident_id", "incident_code"),
    filters=("site", "month", "status", "severity", "rca_code", "battery_id", "string_id", "assigned_to"),
)
WORK_ORDERS = _entered(
    t.work_order,
    "work-orders",
    by=("work_order_id", "external_id"),
    filters=("site", "month", "status", "priority", "incident_id", "external_id", "assigned_to"),
    rests_on=(t.incident, t.maintenance_event),
)

RESOURCES = (
    of_table(t.location, "sites", FLEET, filters=("site", "region"),
             one_by=("location_id", "location_code", "site")),
    of_table(t.battery_system, "systems", FLEET, filters=("site", "system_type"),
             one_by=("system_id", "system_code")),
    of_table(t.string, "strings", FLEET, filters=("site", "system_id"), one_by=("string_id", "string_code")),
    JARS,
    of_table(t.digital_twin_state, "twin-states", FLEET, filters=(*_OF_JAR, "fault"), at="captured_at",
             left_out=("filter_json",)),
    of_table(t.rul_prediction, "predictions", FLEET, filters=(*_OF_JAR, "source", "model_id"),
             at="predicted_at"),
    of_table(t.string_runtime, "runtimes", FLEET, filters=("site", "month", "string_id", "load_basis"),
             at="captured_at"),
    of_table(t.alert, "alerts", FLEET, at="triggered_at",
             filters=(*_OF_JAR, "string_id", "status", "severity", "alert_type", "incident_id")),
    INCIDENTS,
    WORK_ORDERS,
    of_entries(t.incident_entry, "incident-entries", FLEET, filters=("incident_id", "action")),
    of_entries(t.work_order_entry, "work-order-entries", FLEET, filters=("work_order_id", "action")),
    of_table(t.capacity_test_calc, "capacity-tests", FLEET, filters=("site", "month")),
    of_table(t.impedance_measurement_calc, "impedances", FLEET, filters=("site", "month")),
    of_table(t.maintenance_event, "maintenance", FLEET, filters=("site", "month")),
    of_table(t.rule_replay, "rule-replays", FLEET, filters=("site", "month", "alert_type")),
)  # fmt: skip
