"""Bring a warehouse database to the version of this code."""

from pathlib import Path

import sqlalchemy as sa

from battery_assets.platform.warehouse.database import engine

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
    with engine(url).connect() as connection:
        # One migrator at a time: the second waits here and then finds nothing to do.
        connection.execute(sa.text("SELECT pg_advisory_lock(4711)"))
        try:
            found = MigrationContext.configure(connection, opts={"version_table_schema": "public"})
            present = found.get_current_revision()
            known = {script.revision for script in scripts.walk_revisions()}
            if present is not None and present not in known:
                raise RuntimeError(
                    f"the database is at version {present}, which this code does not know: "
                    "install the newer code, or restore an older database"
                )
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(4711)"))
            connection.commit()
    return str(scripts.get_current_head())
