"""battery-assets status: what runs, and what is stored."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from battery_assets.settings import Settings


@click.command()
def status() -> None:
    """Show whether the database and the services answer, and what is stored per site. Starts nothing.

    \b
    Example:
      battery-assets status
    """
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    for line in service_lines(settings):
        click.echo(line)
    for line in _stored(settings) if database_answers(settings) else []:
        click.echo(line)


def _stored(settings: "Settings") -> list[str]:
    """The lines of what is stored; the database may be stopped while we ask."""
    import sqlalchemy as sa

    try:
        return status_lines(settings)
    except sa.exc.OperationalError:
        return ["database  stopped while it was asked; run `battery-assets status` again"]


def status_lines(settings: "Settings") -> list[str]:
    """What is stored, a line for each site; asked only while the database answers."""
    import sqlalchemy as sa

    from battery_assets.platform.warehouse.database import transaction

    query = """
        SELECT s.site, s.source, min(v.month) AS first, max(v.month) AS last,
               count(DISTINCT v.month) FILTER (WHERE v.version IS NOT NULL) AS months,
               sum(v.rows)::bigint AS rows, count(*) FILTER (WHERE v.state = 'stale') AS stale
        FROM platform.site s LEFT JOIN platform.partition_version v ON v.site = s.site AND v.month <> ''
        GROUP BY s.site, s.source ORDER BY s.site"""
    with transaction(settings.warehouse_url) as connection:
        if connection.execute(sa.text("SELECT to_regclass('platform.site')")).scalar() is None:
            return ["warehouse not made yet; `battery-assets migrate` makes it"]
        rows = connection.execute(sa.text(query)).all()
    return [f"site      {row.site}: {row.source}, {_amount(row)}" for row in rows] or [
        "site      none yet; `battery-assets demo`, `site add` or `import fleet` brings one"
    ]


def _amount(row: Any) -> str:
    if not row.months:
        return "nothing computed yet"
    amount = f"{row.first} to {row.last}, {row.months} month{'s'[: row.months > 1]}, {row.rows:,} rows"
    return amount + (f", {row.stale} stale partitions" if row.stale else "")


def service_lines(settings: "Settings") -> list[str]:
    """One line each for the home, the database, the Dagster pages, the MLflow server."""
    from battery_assets.hosting.presence import present
    from battery_assets.hosting.readiness import http_answers

    places = (
        ("home", str(settings.home)),
        ("lake", settings.lake_url),
        ("database", _database_line(settings)),
    )
    lines = [f"{name:<10}{place}" for name, place in places]
    presence = present(settings)
    if presence is None:
        return [*lines, "services  not running; `battery-assets up` starts them"]
    pages = (
        ("Dagster", presence.web_url, "/server_info"),
        ("MLflow", presence.mlflow_url, "/health"),
        ("API", presence.api_url, "/api/v1/health"),
    )
    for name, url, question in pages:
        lines.append(f"{name:<10}{url} {'answers' if http_answers(url + question) else 'does not answer'}")
    return [*lines, f"up        process {presence.pid}"]


def database_answers(settings: "Settings") -> bool:
    """Whether the warehouse's database takes a connection now."""
    import psycopg

    from battery_assets.hosting import embedded_postgres
    from battery_assets.hosting.database_urls import libpq_url

    if settings.database_url is None:
        return embedded_postgres.answers(settings)
    try:
        psycopg.connect(libpq_url(settings.warehouse_url), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _database_line(settings: "Settings") -> str:
    answers = database_answers(settings)
    if settings.database_url is not None:
        return f"{settings.database_urls()} {'answers' if answers else 'does not answer'}"
    if answers:
        return f"embedded, answers at {settings.database_urls()}"
    return "embedded, not running; each command that needs it starts it"
