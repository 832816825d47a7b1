"""An id of the books, and paths of landed files from the landing folder on: a home may be moved."""

from contextlib import closing

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BOOKS = """
CREATE TABLE platform.books (
    one_row BOOLEAN PRIMARY KEY CONSTRAINT books_one_row CHECK (one_row),
    id VARCHAR(32) NOT NULL,
    home TEXT,
    host TEXT
);
COMMENT ON TABLE platform.books IS 'Which home and which lake belong to these books.';
COMMENT ON COLUMN platform.books.one_row IS 'True: there is one row.';
COMMENT ON COLUMN platform.books.id IS 'Also in the file books.id of home and lake.';
COMMENT ON COLUMN platform.books.home IS 'The home that works on a server''s database, else NULL.';
COMMENT ON COLUMN platform.books.host IS 'The machine of that home.';
"""
# A landing folder is <home>/landing unless somebody named another; the site's folder is inside it.
PATHS = """
CREATE FUNCTION pg_temp.from_landing(path TEXT, site TEXT) RETURNS TEXT LANGUAGE sql AS $$
    SELECT CASE
        WHEN path NOT LIKE '/%' THEN path
        WHEN strpos(path, '/landing/' || site || '/') > 0
            THEN substr(path, strpos(path, '/landing/' || site || '/') + 9)
        WHEN strpos(path, '/' || site || '/') > 0 THEN substr(path, strpos(path, '/' || site || '/') + 1)
        ELSE path END
$$;
UPDATE platform.ingest_file SET path = pg_temp.from_landing(path, site) WHERE path LIKE '/%';
UPDATE platform.quarantined_row SET file = pg_temp.from_landing(file, site) WHERE file LIKE '/%';
UPDATE platform.intake SET files = (
    SELECT jsonb_agg(
        one.file || jsonb_build_object('path', pg_temp.from_landing(one.file->>'path', site))
        ORDER BY one.place)
    FROM jsonb_array_elements(files) WITH ORDINALITY AS one(file, place)
) WHERE jsonb_array_length(files) > 0;
"""


def upgrade() -> None:
    """Make the table, and cut absolute paths of landed files."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(BOOKS + PATHS)


def downgrade() -> None:
    """Refused: an older program would look for files where they are not."""
    raise NotImplementedError("migrations are not undone: restore an older database instead")
