"""battery-assets env: the settings as shell lines."""

import shlex
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from battery_assets.settings import Settings


@click.command("env")
def environment() -> None:
    """Print export lines for `dagster`, `mlflow` and `psql`. They hold the database's password.

    The database must have been made once (`battery-assets migrate`); it must run when the tools are used.

    \b
    Example:
      eval "$(battery-assets env)" && dagster dev -w workspace.yaml
    """
    from battery_assets.hosting.launch import install_dagster_home
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    lines = exported(settings)
    install_dagster_home(settings)
    for key, value in lines.items():
        click.echo(f"export {key}={shlex.quote(value)}")


def exported(settings: "Settings") -> dict[str, str]:
    """The variables that foreign tools need; MLflow's server where it runs, else its database."""
    from battery_assets.hosting.launch import QUIET
    from battery_assets.hosting.presence import present

    presence = present(settings)
    tracking = presence.mlflow_url if presence else settings.mlflow_tracking_uri
    return {**settings.variables(), "MLFLOW_TRACKING_URI": tracking, **QUIET}
