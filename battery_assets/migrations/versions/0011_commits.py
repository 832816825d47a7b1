"""Commits that reach the disk: what the lake may say, what a bucket calls files, captures by their paths."""

from contextlib import closing

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE platform.partition_version ADD COLUMN pending JSONB;
COMMENT ON COLUMN platform.partition_version.pending IS 'Checksums that the lake may have reached.';
ALTER TABLE platform.lake_file ADD COLUMN e_tag TEXT;
COMMENT ON COLUMN platform.lake_file.e_tag IS 'What the bucket called its content; NULL in a folder.';

UPDATE fleet.telemetry_event_window SET data_blob_url = substring(data_blob_url from 'captures/site=.*$')
WHERE data_blob_url LIKE '%/captures/site=' || site || '/month=' || month || '/%.parquet';
UPDATE fleet.capacity_test_raw SET raw_data_url = substring(raw_data_url from 'captures/site=.*$')
WHERE raw_data_url LIKE '%/captures/site=' || site || '/month=' || month || '/%.parquet';
COMMENT ON COLUMN fleet.telemetry_event_window.data_blob_url IS
    'Parquet file, by its path in the lake: ts, voltage_v, current_a each sample_rate_ms; on rows where '
    'a burst begins, waveform_v and waveform_a (lists, V and A, DC included) at waveform_hz, else null.';
"""


def upgrade() -> None:
    """Add the columns and shorten the addresses, in one transaction."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Refused: an older program would not notice what it lacks."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
