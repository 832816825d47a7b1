"""battery-assets roll-back: the remaining-life model in production is taken back."""

import click


@click.command(name="roll-back")
def roll_back() -> None:
    """Withdraw the remaining-life model in production; the one before it serves again, else the twin.

    Predictions that are stored stay. Months that are made from now on are told by what serves.

    \b
    Example:
      battery-assets roll-back
    """
    from battery_assets.actions.roll_back import roll_back as take_back
    from battery_assets.actions.session import session

    with session() as at:
        withdrawn, serving = take_back(at)
    click.echo(f"withdrawn: {withdrawn}")
    click.echo(f"serving: {serving or 'the twin, until a model passes its gate'}")
