"""battery-assets up: the pages of Dagster and MLflow on this machine."""

from typing import TYPE_CHECKING

import click

from battery_assets.errors import UserError

if TYPE_CHECKING:
    from battery_assets.hosting.presence import Presence
    from battery_assets.settings import Settings


@click.command()
@click.option(
    "--definitions", default="battery_assets.definitions", hidden=True, help="Module of the code location."
)
@click.option(
    "--workers",
    default=0,
    type=click.IntRange(0, 64),
    help="Processes that carry out runs.",
)
def up(definitions: str, workers: int) -> None:
    """Start the Dagster pages, its daemon, the MLflow server and the API; stop all of them with Ctrl-C.

    They listen on this machine only, on the ports BATTERY_WEB_PORT (3000), BATTERY_MLFLOW_PORT (5000) and
    BATTERY_API_PORT (8000), and write their logs to <home>/logs.

    With --workers, runs go through a broker: RabbitMQ, started on this machine unless BATTERY_BROKER_URL
    names another. A run whose worker is killed is begun anew by the next one.

    \b
    Example:
      BATTERY_WEB_PORT=3100 battery-assets up
      battery-assets up --workers 2
    """
    from battery_assets.hosting.stack import serve
    from battery_assets.hosting.workers.fitness import refuse_silent_store
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    refuse_silent_store(settings)
    with _Display(settings) as display:
        serve(settings, _migrate, display.step, display.ready, definitions, workers)
    click.echo("stopped")


def _migrate(settings: "Settings") -> None:
    """Bring the warehouse to the current schema."""
    from battery_assets.platform.registry.identity import refuse_strangers
    from battery_assets.platform.warehouse.migrate import migrate

    try:
        migrate(settings.warehouse_url)
    except RuntimeError as error:
        problem, _, way_out = str(error).partition(": ")
        raise UserError(problem, way_out or "see the log of the database") from error
    refuse_strangers(
        settings.warehouse_url, settings.lake_url, settings.home, shared=settings.database_url is not None
    )


class _Display:
    """A line with a clock for each service while they start, then the addresses."""

    def __init__(self, settings: "Settings") -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

        self.settings = settings
        self.console = Console(highlight=False)
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<12} {task.fields[state]}"),
        )
        self.bars = Progress(*columns, TimeElapsedColumn(), console=self.console)
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Display":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def step(self, service: str, state: str) -> None:
        """Show what a service is doing."""
        if service == "all":
            self.bars.stop()
            self.console.print(f"{state} ...")
            return
        if not self.console.is_terminal:
            self.console.print(f"{service}: {state}")
        if service not in self.tasks:
            self.tasks[service] = self.bars.add_task(service, total=1, state=state)
        done = state == "ready"
        self.bars.update(self.tasks[service], state=state, completed=int(done))

    @staticmethod
    def _mlflow_pages(url: str) -> dict[str, str]:
        """The pages of runs and of models, in the mode for training; MLflow opens in another one."""
        from battery_assets.platform.experiments import runs_pages

        pages = {f"runs of {name}:\n           ": page for name, page in runs_pages(url).items()}
        mode = "workflowType=machine_learning"
        return {"MLflow": f"{url}/#/experiments?{mode}", "models": f"{url}/#/models?{mode}", **pages}

    def ready(self, presence: "Presence") -> None:
        """Show where to look."""
        self.bars.stop()
        self.console.print(f"\n  console   {presence.api_url}/")
        self.console.print(f"  Dagster   {presence.web_url}")
        self.console.print(f"  API       {presence.api_url}/docs")
        for name, page in self._mlflow_pages(presence.mlflow_url).items():
            self.console.print(f"  {name:<10}{page}", soft_wrap=True)
        self.console.print(f"  data      {self.settings.home}\n  logs      {self.settings.logs}\n")
        self.console.print("The schedules wait to be switched on, in Dagster under Automation.")
        self.console.print("Ctrl-C stops all of it.")
