"""What each string's own sound bursts would have shown of a capacitor's loss, before anything has failed."""

import sqlalchemy as sa

from battery_assets.tables.experiments.columns import count, kept, number, words
from battery_assets.tables.service.jobs import numbered

detection_power = kept(
    "detection_power",
    "Probability that a string's own recorder shows a capacitor's loss, at 1 % false alarms.",
    numbered("Number of the row."),
    words("site", "Site.", 31, nullable=False, index=True),
    words("string_code", "String.", 60, nullable=False),
    count("days", "So many days' bursts are averaged.", nullable=False),
    number("loss", "Share of the capacitance lost.", nullable=False),
    number("power", "Probability that it is seen.", nullable=False),
    count("bursts", "Sound days that say how the first line wanders.", nullable=False),
    number("wander", "Standard deviation of the first line's logarithm from day to day."),
    sa.Column("seen_until", sa.Date, nullable=False, comment="Last day of these."),
    sa.UniqueConstraint("site", "string_code", "days", "loss"),
)

DETECTION_TABLES = (detection_power,)
