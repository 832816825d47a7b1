"""What an embedded PostgreSQL keeps on disk."""

import psycopg

from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.embedded_postgres import ensure_running, stop
from battery_assets_tests.worlds.homes import fresh_home


def test_a_stopped_home_keeps_little_of_the_log_of_changes():
    """A home had 1.3 GB of it, of 2.4."""
    with fresh_home() as settings:
        wal = settings.home / "postgres" / "data" / "pg_wal"
        url = libpq_url(ensure_running(settings).warehouse)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE written AS SELECT repeat('x', 200) AS words FROM generate_series(1, 400000)"
            )
            connection.execute("UPDATE written SET words = 'y' || words")
            assert sum(file.stat().st_size for file in wal.glob("0*")) > 64e6
            connection.execute("CHECKPOINT")
            connection.execute("UPDATE written SET words = 'z' || words")
        stop(settings)
        assert sum(file.stat().st_size for file in wal.glob("0*")) <= 52e6
