"""The books of what arrives as a whole, such as tests of cells."""

from contextlib import closing

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE platform.intake (
    site VARCHAR(31) NOT NULL,
    key VARCHAR(64) NOT NULL,
    month VARCHAR(7),
    status VARCHAR(12) NOT NULL,
    reason TEXT,
    facts JSONB NOT NULL,
    files JSONB NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (site, key)
);
CREATE INDEX ix_intake_month ON platform.intake (site, month);
COMMENT ON TABLE platform.intake IS
    'What arrives as a whole and belongs to one month, such as the test of a cell.';
COMMENT ON COLUMN platform.intake.key IS 'sha256 over those of its files.';
COMMENT ON COLUMN platform.intake.month IS 'Month it belongs to; NULL where it was refused.';
COMMENT ON COLUMN platform.intake.status IS 'accepted, duplicate or refused.';
COMMENT ON COLUMN platform.intake.reason IS 'Why it was refused, and what to do.';
COMMENT ON COLUMN platform.intake.facts IS 'What is known of it before its rows are read again.';
COMMENT ON COLUMN platform.intake.files IS 'Path, sha256, reader and rows of each file.';
"""


def upgrade() -> None:
    """Create the table."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(STATEMENTS)


def downgrade() -> None:
    """Drop it; what arrived is read again."""
    op.execute("DROP TABLE platform.intake")
