"""battery-assets analyst: a connection that only reads."""

import click


@click.command()
def analyst() -> None:
    """Give the analysts' role a new password and print its address, for psql, DuckDB or a BI tool.

    The role reads the tables and views of fleet, lab and models and the platform's books, of users all but
    how to reach them, and can do nothing else. An address printed before stops working for new connections.
    With the embedded database it answers while something uses it.

    \b
    Example:
      battery-assets analyst
    """
    import secrets

    import sqlalchemy as sa

    from battery_assets.actions.session import session
    from battery_assets.errors import UserError
    from battery_assets.hosting.database_urls import libpq_url
    from battery_assets.platform.warehouse import analyst as analyst_role

    with session() as at, at.warehouse.transaction() as connection:
        password = secrets.token_urlsafe(24)
        urls = at.settings.database_urls()
        others = [str(sa.make_url(url).database) for url in (urls.dagster, urls.mlflow)]
        # Of a server that is not ours, the databases of others are theirs to close.
        ours = [] if at.settings.database_url else ["postgres", "template1"]
        analyst_role.close_databases(connection, [*others, *ours])
        try:
            analyst_role.give_password(connection, password)
        except PermissionError as refused:
            fault, _, step = str(refused).partition("; next step: ")
            raise UserError(fault, step) from None
        weakness = analyst_role.weakness(connection)
        if weakness:
            click.echo(f"note: {weakness}", err=True)
        url = sa.make_url(at.settings.warehouse_url).set(username="battery_analyst", password=password)
        click.echo(libpq_url(url.render_as_string(hide_password=False)))
