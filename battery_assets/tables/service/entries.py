"""What people enter about incidents and work orders: appended, never changed, replaced by no run.

An entry names the incident or work order, its fault and when that began. Where a run computes another
beginning, and so another identifier, the entry belongs to the same fault's incident that began nearest.
"""

import sqlalchemy as sa

from battery_assets.tables.definition import KEPT
from battery_assets.tables.service.jobs import INSTANT, STORED, numbered

INCIDENT_ACTIONS = ("acknowledge", "assign", "note", "analyse", "resolve", "reopen")
WORK_ACTIONS = ("assign", "start", "complete", "close", "reopen", "note", "ticket")
UUID = sa.Uuid(as_uuid=False)


def _about(of: str, actions: tuple[str, ...]) -> list[sa.schema.SchemaItem]:
    """What every entry says: what it is about, who entered it, when."""
    return [
        numbered("Number of the entry."),
        sa.Column("site", sa.String(31), nullable=False, comment="Site."),
        sa.Column(f"{of}_id", UUID, nullable=False, comment="What it is about."),
        sa.Column("fault", sa.String(60), nullable=False, comment="Fault that it is about."),
        sa.Column("began_at", INSTANT, nullable=False, comment="When that began, as known at the time."),
        sa.Column("action", sa.String(11), nullable=False, comment="What was done."),
        sa.Column("user_id", UUID, comment="Who entered it, where the platform knows the user."),
        sa.Column(
            "entered_by", sa.String(255), nullable=False, comment="Who entered it, as they are called."
        ),
        sa.Column(
            "entered_at",
            INSTANT,
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
            comment="When it was entered.",
        ),
        sa.Column("done_at", INSTANT, comment="When it was done, where that was not when it was entered."),
        sa.Column("assigned_to", UUID, comment="Who is responsible from now on."),
        sa.Column("note", sa.String(4000), comment="In words: a remark, findings, what was done."),
        sa.CheckConstraint(sa.column("action").in_(actions), name="action"),
        sa.Index(None, "site", "fault"),
    ]


incident_entry = sa.Table(
    "incident_entry",
    KEPT,
    *_about("incident", INCIDENT_ACTIONS),
    sa.Column("rca_code", sa.String(20), comment="Cause that a person found."),
    schema="service",
    comment="What people entered about incidents, one row for each act.",
    info=STORED,
)

work_order_entry = sa.Table(
    "work_order_entry",
    KEPT,
    *_about("work_order", WORK_ACTIONS),
    sa.Column("external_id", sa.String(50), comment="Ticket of the CMMS."),
    schema="service",
    comment="What people and the CMMS entered about work orders, one row for each act.",
    info=STORED,
)

work_order_proposal = sa.Table(
    "work_order_proposal",
    KEPT,
    sa.Column("work_order_id", UUID, primary_key=True, comment="Unique identifier of the order."),
    sa.Column("site", sa.String(31), nullable=False, comment="Site."),
    sa.Column(
        "fault", sa.String(60), nullable=False, comment="What is due: kind and identifier of the unit."
    ),
    sa.Column("location_id", UUID, comment="Location."),
    sa.Column("title", sa.String(200), nullable=False, comment="Title."),
    sa.Column("description", sa.Text, comment="What is to be done, as it was said last."),
    sa.Column("priority", sa.String(6), nullable=False, comment="Urgency, as it was said last."),
    sa.Column("created_at", INSTANT, nullable=False, comment="When it was proposed first."),
    sa.Column("due_date", INSTANT, comment="Due by, as it was said last."),
    sa.Column("proposed_by", sa.String(120), nullable=False, comment="Forecast that said it last."),
    sa.CheckConstraint(sa.column("priority").in_(("low", "medium", "high", "urgent")), name="priority"),
    sa.Index(None, "site", "fault"),
    schema="service",
    comment="Work that forecasts propose: orders of fleet.work_order beside those of faults.",
    info=STORED,
)

ENTRY_TABLES = (incident_entry, work_order_entry, work_order_proposal)
