"""Bring a warehouse database to the version of this code."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from battery_assets.platform.warehouse.analyst import end_readers
from battery_assets.platform.warehouse.database import engine, transaction
from battery_assets.platform.warehouse.sites import hold_sites

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def migrate(url: str) -> str:
    """Run what is missing. Returns the version reached.

    Raises RuntimeError where the database is newer than this code.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    scripts = ScriptDirectory.from_config(config)
    with _turn(url), engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": "public"})
        present = context.get_current_revision()
        revisions = {script.revision for script in scripts.walk_revisions()}
        if present is not None and present not in revisions:
            raise RuntimeError(
                f"the database is at version {present}, which this code does not know: "
                "install the newer code, or restore an older database"
            )
        if present != scripts.get_current_head():
            end_readers(connection)
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        if present != scripts.get_current_head():
            with connection.begin():
                hold_sites(connection)
    return str(scripts.get_current_head())


@contextmanager
def _turn(url: str) -> Iterator[None]:
    """One migrator at a time: the second waits here and then finds nothing to do. No reader can take it."""
    for _ in range(5):
        # Two that make the table at once: one of them is refused, and finds it made.
        with (
            contextlib.suppress(sa.exc.IntegrityError, sa.exc.ProgrammingError),
            transaction(url) as connection,
        ):
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS public.migration_turn ()"))
            break
    with transaction(url) as connection:
        connection.execute(sa.text("LOCK TABLE public.migration_turn IN EXCLUSIVE MODE"))
        yield
