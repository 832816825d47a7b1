"""Datasets of signals, with the labels of each, and where its bytes lie.

Names and columns are those of the experiment platform's schema; what stands beside them is ours.
dataset_generations and dataset_imports are views of the job core.
"""

import sqlalchemy as sa

from battery_assets.tables.experiments.columns import (
    count,
    document,
    kept,
    number,
    part_of,
    prose,
    who,
    words,
)
from battery_assets.tables.service.jobs import job, numbered

GENERATION, CAPTURES, IMPORT = "dataset_generation", "dataset_captures", "dataset_import"
DISCHARGES, CELLS = "dataset_discharges", "dataset_cells"
FAULT_CLASSES = (
    "sound", "capacitor_loss", "phase_unbalance", "open_diode", "lost_phase", "ends_string", "end_of_life",
)  # fmt: skip
SEVERITIES = ("", "incipient", "mild", "moderate", "severe")
_ROWS = {
    "rows_read": "Rows of the file.",
    "rows_loaded": "Rows that stand in signals.",
    "rows_quarantined": "Rows that stand in quarantine.",
    "rows_exact_duplicate": "Rows of bursts that stand in another place to the bit.",
}

datasets = kept(
    "datasets",
    "Datasets of labelled signals.",
    numbered("Number of the dataset."),
    words("name", "Name; the partition of its assets.", 63, nullable=False, unique=True),
    prose("description", "What it is for."),
    count("num_signals", "How many signals it has.", nullable=False, server_default="0"),
    document("fault_types", "Fault classes that occur, and how often."),
    document("severity_levels", "Severities that occur, and how often."),
    words("file_path", "Folder of its files in the lake; empty where they lie among the captures."),
    document("meta_data", "Its version (a checksum), how it was made, and its leak certificate."),
    who(),
    part_of("job_id", job, "Generation or import that made it.", goes_with=False),
)

signals = kept(
    "signals",
    "Signals of datasets: bursts of ripple with what is wrong in them; their bytes stay in files.",
    numbered("Number of the signal."),
    part_of("dataset_id", datasets, "Dataset.", nullable=False),
    words("signal_id", "Name within the dataset.", 120, nullable=False),
    words("fault_class", "The gravest fault; sound where there is none.", 40, nullable=False),
    words("severity", "How grave: incipient, mild, moderate, severe; empty for a sound one.", 20),
    words("file_path", "File of the lake that holds it.", nullable=False),
    number("rms", "Ripple voltage, rms without its mean, V."),
    number("kurtosis", "Excess kurtosis of the voltage; -1.5 for a sine."),
    number("dominant_frequency", "Strongest line of the voltage, 50 Hz to 2 kHz, in Hz."),
    document("labels", "Every fault that it shows, a list; empty for a sound one."),
    number("capacitance_lost", "Share of the capacitance lost, where it is known."),
    number("phase_low", "Share by which a phase is low, where it is known."),
    words("system", "Whose rectifier it was; a split never parts one.", 120, nullable=False),
    words("string", "String at whose terminals it was taken.", 120),
    words("month", "UTC month, YYYY-MM.", 7),
    sa.Column(
        "is_reference", sa.Boolean, nullable=False, comment="A sound burst that others are held against."
    ),
    sa.Column(
        "is_simulated", sa.Boolean, nullable=False, comment="Made by the generator; labels are its truth."
    ),
    words("sha256", "Checksum of the file.", 64, nullable=False),
    count("row_offset", "Its row in the file, from 0.", nullable=False),
    sa.UniqueConstraint("dataset_id", "signal_id"),
    sa.CheckConstraint(sa.column("fault_class").in_(FAULT_CLASSES), name="fault_class"),
    sa.CheckConstraint(sa.column("severity").in_(SEVERITIES), name="severity"),
)

import_files = kept(
    "import_files",
    "Files of imported datasets, and what became of every row of them.",
    numbered("Number of the row."),
    part_of("dataset_id", datasets, "Dataset.", nullable=False),
    prose("path", "Path within the folder that was imported."),
    words("sha256", "Checksum of the file.", 64, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False, comment="Size of the file."),
    *(count(name, comment, nullable=False) for name, comment in _ROWS.items()),
    prose("reason", "Why it was refused, and what to do; empty for one that was read."),
    sa.CheckConstraint("rows_read = rows_loaded + rows_quarantined + rows_exact_duplicate", name="balance"),
)

import_quarantine = kept(
    "import_quarantine",
    "Rows of imported files that stand in no signal: a row each, or one for a burst or a file.",
    numbered("Number of the row."),
    part_of("file_id", import_files, "File.", nullable=False),
    count("line", "Line of the unpacked file, from 1; of Parquet the row."),
    words("column", "Column at fault."),
    words("reason", "Code of the reason.", 40, nullable=False),
    prose("value", "What stood there, or the burst."),
    count("rows", "How many rows it stands for.", nullable=False),
)

SIGNAL_TABLES = (datasets, signals, import_files, import_quarantine)
