"""What capacitors of rectifiers lost, week by week, and the month in which each is due."""

import sqlalchemy as sa

from battery_assets.tables.experiments.columns import count, kept, number, part_of, words
from battery_assets.tables.experiments.signals import datasets
from battery_assets.tables.service.jobs import numbered

capacitor_weeks = kept(
    "capacitor_weeks",
    "Share of its capacitance that a system's rectifier lost, week by week.",
    numbered("Number of the row."),
    part_of("dataset_id", datasets, "Dataset of dated bursts.", nullable=False),
    words("system", "System.", 120, nullable=False),
    sa.Column("week_from", sa.Date, nullable=False, comment="First day of the week."),
    number("loss", "Share lost; under 0 it is noise."),
    number("loss_low", "5 % quantile."),
    number("loss_high", "95 % quantile."),
    count("days", "Days with bursts.", nullable=False),
    sa.UniqueConstraint("dataset_id", "system", "week_from"),
)

capacitor_exchange = kept(
    "capacitor_exchange",
    "When a system's capacitor has lost a fifth, by the trend of its weeks.",
    numbered("Number of the row."),
    part_of("dataset_id", datasets, "Dataset of dated bursts.", nullable=False),
    words("system", "System.", 120, nullable=False),
    sa.Column("seen_until", sa.Date, nullable=False, comment="First day of the last week."),
    number("loss", "Share lost in the last week."),
    number("loss_a_year", "Share lost in a year, by the trend."),
    sa.Column("due_early", sa.Date, comment="5 % quantile of the day; empty where no trend stands out."),
    sa.Column("due", sa.Date, comment="Median."),
    sa.Column("due_late", sa.Date, comment="95 % quantile."),
    sa.UniqueConstraint("dataset_id", "system"),
)

CALENDAR_TABLES = (capacitor_weeks, capacitor_exchange)
