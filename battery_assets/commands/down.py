"""battery-assets down: stop what `up` started, from another terminal."""

import click


@click.command()
def down() -> None:
    """Stop the `up` of this home, and the embedded database if nobody uses it.

    Ctrl-C in the terminal of `up` does the same; this is for one that runs elsewhere or was killed.

    \b
    Example:
      battery-assets down
    """
    from battery_assets.hosting import databases, embedded_postgres
    from battery_assets.hosting.presence import ask_to_stop
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    click.echo("up: stopped" if ask_to_stop(settings) else "up: was not running")
    if settings.database_url is not None:
        return
    if not (settings.home / "postgres" / "password").exists():
        click.echo("database: was never made")
    elif embedded_postgres.in_use(settings):
        click.echo("database: left running, another command uses it")
    else:
        click.echo("database: stopped" if databases.stop(settings) else "database: was not running")
