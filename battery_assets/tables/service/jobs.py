"""Jobs that run for long and are watched: one core for trainings, and whatever else is asked for later."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from battery_assets.tables.definition import KEPT, POSTGRES

STATES = ("queued", "running", "succeeded", "failed", "stopped")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
NOW = sa.text("now()")
STORED = {"store": POSTGRES}
INSTANT = sa.DateTime(timezone=True)


def numbered(comment: str) -> sa.Column:
    """The number of a row, given by PostgreSQL."""
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment=comment)


job = sa.Table(
    "job",
    KEPT,
    numbered("Number of the job."),
    sa.Column("kind", sa.String(40), nullable=False, comment="What kind of work it is."),
    sa.Column("state", sa.String(9), nullable=False, server_default="queued", comment="Where it stands."),
    sa.Column("facts", JSONB, nullable=False, comment="What was asked for."),
    sa.Column(
        "progress", sa.Numeric(6, 5), nullable=False, server_default="0", comment="Share that is done."
    ),
    sa.Column("step", sa.Integer, nullable=False, server_default="0", comment="Steps done, such as epochs."),
    sa.Column(
        "steps", sa.Integer, nullable=False, server_default="0", comment="Most steps that it may take."
    ),
    sa.Column("worker", sa.String(120), comment="Who works on it, or did."),
    sa.Column("run_id", sa.String(64), comment="Dagster's run of it."),
    sa.Column("lease_until", INSTANT, comment="The worker is gone when this has passed and it still runs."),
    sa.Column(
        "stop_asked",
        sa.Boolean,
        nullable=False,
        server_default="false",
        comment="It ends with its next step.",
    ),
    sa.Column("reason", sa.Text, comment="Why it failed or was stopped."),
    sa.Column("created_at", INSTANT, nullable=False, server_default=NOW, comment="When it was asked for."),
    sa.Column("started_at", INSTANT, comment="When a worker took it."),
    sa.Column("finished_at", INSTANT, comment="When it ended."),
    sa.Column(
        "launch",
        JSONB(none_as_null=True),
        comment="Dagster job, partitions, config: the daemon begins it; NULL: who asked does.",
    ),
    sa.Column("launched_at", INSTANT, comment="When the daemon asked Dagster for its runs."),
    sa.Column("request_id", sa.String(64), comment="Request that asked for it."),
    sa.CheckConstraint(sa.column("state").in_(STATES), name="state"),
    sa.CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
    sa.Index(None, "kind", "state"),
    sa.Index("ix_job_launch", "id", postgresql_where=sa.text("launch IS NOT NULL AND finished_at IS NULL")),
    schema="service",
    comment="Jobs that run for long: state, lease, progress, and whether they are to stop.",
    info=STORED,
)

job_log = sa.Table(
    "job_log",
    KEPT,
    numbered("Number of the line."),
    sa.Column("job_id", sa.ForeignKey(job.c.id), nullable=False, index=True, comment="Job."),
    sa.Column("level", sa.String(7), nullable=False, comment="How grave it is."),
    sa.Column("message", sa.String(2000), nullable=False, comment="What happened."),
    sa.Column(
        "created_at", INSTANT, nullable=False, server_default=sa.text("clock_timestamp()"), comment="When."
    ),
    sa.CheckConstraint(sa.column("level").in_(LEVELS), name="level"),
    schema="service",
    comment="What happened in jobs.",
    info=STORED,
)

backfill_before = sa.Table(
    "backfill_before",
    KEPT,
    sa.Column("job_id", sa.ForeignKey(job.c.id, ondelete="CASCADE"), primary_key=True, comment="Backfill."),
    sa.Column("table_name", sa.String(63), primary_key=True, comment="Table."),
    sa.Column("site", sa.String(31), primary_key=True, comment="Site."),
    sa.Column("month", sa.String(7), primary_key=True, comment="Month."),
    sa.Column("rows", sa.BigInteger, comment="Rows that it had."),
    sa.Column("sha256", sa.String(64), comment="Checksum of these rows."),
    schema="service",
    comment="What partitions held when a backfill of them was asked for.",
    info=STORED,
)

JOB_TABLES = (job, job_log, backfill_before)
