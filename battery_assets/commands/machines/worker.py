"""battery-assets worker: carry out runs on this machine."""

import click


@click.command()
@click.option("--name", default="worker", show_default=True, help="Name in the log and for the broker.")
def worker(name: str) -> None:
    """Take runs from the broker, one at a time. SIGTERM lets a run end first, Ctrl-C cancels it.

    A worker's home holds copies of what arrived and logs, nothing that another machine needs: database, lake,
    landing and files of MLflow are those of `battery-assets up`. What is missing is said first.

    \b
    Example:
      BATTERY_BROKER_URL=amqp://user:password@host:5672// battery-assets worker
    """
    import os

    from battery_assets.hosting import launch
    from battery_assets.hosting.workers.fitness import refuse_unfit
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    refuse_unfit(settings)
    launch.install_dagster_home(settings)
    command = launch.celery_worker(name)
    os.execve(command[0], command, launch.environment(settings))
