"""What the platform itself keeps in PostgreSQL, schema `platform`: sites, versions, files, quarantine."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

METADATA = sa.MetaData(schema="platform")

site = sa.Table(
    "site",
    METADATA,
    sa.Column("site", sa.String(31), primary_key=True),
    sa.Column("source", sa.String(20), nullable=False, comment="Where its data come from."),
    sa.Column("config", JSONB, nullable=False, comment="Settings of the source."),
    sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    comment="Sites and where their data come from.",
)

books = sa.Table(
    "books",
    METADATA,
    sa.Column("one_row", sa.Boolean, primary_key=True, comment="True: there is one row."),
    sa.Column("id", sa.String(32), nullable=False, comment="Also in the file books.id of home and lake."),
    sa.Column("home", sa.Text, comment="The home that works on a server's database, else NULL."),
    sa.Column("host", sa.Text, comment="The machine of that home."),
    sa.CheckConstraint("one_row", name="books_one_row"),
    comment="Which home and which lake belong to these books.",
)

partition_version = sa.Table(
    "partition_version",
    METADATA,
    sa.Column("table_name", sa.String(63), primary_key=True),
    sa.Column("site", sa.String(31), primary_key=True, comment="'' where the table is not cut by site."),
    sa.Column("month", sa.String(7), primary_key=True, comment="'' where the table is not cut by month."),
    sa.Column("claimed", sa.BigInteger, nullable=False, comment="Token of the newest writer."),
    sa.Column("version", sa.BigInteger, comment="Token of the writer whose rows are there."),
    sa.Column("rows", sa.BigInteger),
    sa.Column("sha256", sa.String(64), comment="Of the rows as they were committed."),
    sa.Column("rows_digest", sa.String(64), comment="Of PostgreSQL's rows as they were committed."),
    sa.Column("pending", JSONB(none_as_null=True), comment="Checksums that the lake may have reached."),
    sa.Column("profile", JSONB, comment="Rows, nulls, minima, maxima, order and gaps."),
    sa.Column("state", sa.String(10), comment="current, or stale where a parent row went away."),
    sa.Column("run_id", sa.String(64)),
    sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("committed_at", sa.DateTime(timezone=True)),
    sa.Column("first_committed_at", sa.DateTime(timezone=True), comment="When it was there at first."),
    sa.Column("known_since", sa.DateTime(timezone=True), comment="Since when its rows are what they are."),
    comment="The fence: one row for each partition of each table, locked by whoever replaces it.",
)

removed_site = sa.Table(
    "removed_site",
    METADATA,
    sa.Column("site", sa.String(31), nullable=False),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("config", JSONB, nullable=False),
    sa.Column("removed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("tables", JSONB, nullable=False, comment="Months, rows and checksum of what was committed."),
    sa.Column("files", JSONB, nullable=False, comment="Accounts of the files that had been read."),
    sa.Column("arrivals", JSONB, nullable=False, comment="What had arrived as a whole, such as tests."),
    sa.Column("landing", sa.Text, comment="Where its files lie now."),
    comment="Sites and labs that were removed, with the books of what they had.",
)

turn = sa.Table(
    "turn",
    METADATA,
    sa.Column("table_name", sa.String(63), primary_key=True),
    sa.Column("site", sa.String(31), primary_key=True),
    sa.Column("rows_digest", sa.String(64), comment="Of the site's rows as they were committed last."),
    comment="Whoever writes a site's rows of a table that months share holds its row here.",
)

lake_file = sa.Table(
    "lake_file",
    METADATA,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("table_name", sa.String(63), nullable=False),
    sa.Column("site", sa.String(31), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("profile", JSONB, nullable=False),
    sa.Column("e_tag", sa.Text, comment="What the bucket called its content; NULL in a folder."),
    sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Index("ix_lake_file_part", "table_name", "site", "month"),
    comment="Every file written to the lake, with the checksum that reads are verified against.",
)

partition_day = sa.Table(
    "partition_day",
    METADATA,
    sa.Column("table_name", sa.String(63), primary_key=True),
    sa.Column("site", sa.String(31), primary_key=True),
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column(
        "fingerprint",
        sa.String(64),
        key="input_hash",
        nullable=False,
        comment="Of all that the day was made from.",
    ),
    sa.Column("path", sa.Text, comment="Its file, where the table is in the lake and the day has rows."),
    sa.Column("rows", sa.BigInteger, comment="Of the day, where PostgreSQL keeps the table day by day."),
    sa.Column("sha256", sa.String(64)),
    sa.Column("profile", JSONB),
    sa.Column("carry", sa.LargeBinary, key="saved", comment="What the day hands on to the days after it."),
    comment="The days of partitions: one that would be made from the same again is kept as it is.",
)

ingest_file = sa.Table(
    "ingest_file",
    METADATA,
    sa.Column("table_name", sa.String(63), nullable=False),
    sa.Column("site", sa.String(31), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64)),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("rows_read", sa.BigInteger),
    sa.Column("rows_loaded", sa.BigInteger),
    sa.Column("rows_quarantined", sa.BigInteger),
    sa.Column("rows_exact_duplicate", sa.BigInteger),
    sa.Column("rows_superseded", sa.BigInteger),
    sa.Column("rows_other_month", sa.BigInteger),
    sa.Column("status", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("findings", JSONB),
    sa.Column("known", JSONB, comment="What is remembered of the file, so that it need not be read again."),
    sa.Index("ix_ingest_file_part", "table_name", "site", "month"),
    comment="Accounts of files: read = loaded + quarantined + duplicates + superseded + other months.",
)

quarantined_row = sa.Table(
    "quarantined_row",
    METADATA,
    sa.Column("table_name", sa.String(63), nullable=False),
    sa.Column("site", sa.String(31), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("column", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("value", sa.Text),
    sa.Column("raw", sa.Text),
    sa.Column("rows", sa.BigInteger, comment="How many rows it stands for."),
    sa.Index("ix_quarantined_row_part", "table_name", "site", "month"),
    comment="Rows that were refused, as they stood in the file, and why.",
)

intake = sa.Table(
    "intake",
    METADATA,
    sa.Column("site", sa.String(31), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True, comment="sha256 over those of its files."),
    sa.Column("month", sa.String(7), comment="Month it belongs to; NULL where it was refused."),
    sa.Column("status", sa.String(12), nullable=False, comment="accepted, duplicate, replaced or refused."),
    sa.Column("reason", sa.Text, comment="Why it was refused, and what to do."),
    sa.Column("facts", JSONB, nullable=False, comment="What is known of it before its rows are read again."),
    sa.Column("files", JSONB, nullable=False, comment="Path, sha256, reader and rows of each file."),
    sa.Column("registered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Index("ix_intake_month", "site", "month"),
    comment="What arrives as a whole and belongs to one month, such as the test of a cell.",
)
