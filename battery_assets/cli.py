"""battery-assets: each command is a module of `commands`, and imports what is heavy only when it runs."""

import signal
import traceback
from typing import Any

import click

from battery_assets.commands import (
    analyst,
    backfill,
    demo,
    down,
    environment,
    import_,
    lab,
    migrate,
    pictures,
    report,
    site,
    status,
    up,
)
from battery_assets.commands.cells import evaluate, predict, train
from battery_assets.commands.endings.interrupts import interrupted_in_order
from battery_assets.commands.lives import roll_back
from battery_assets.commands.machines import worker
from battery_assets.commands.operations import incident, work_orders
from battery_assets.commands.people import key, user
from battery_assets.commands.signals import campaign, dataset, experiment
from battery_assets.errors import EXIT_CODES, FAILURE, INTERRUPTED
from battery_assets.notify import command as notify
from battery_assets.notify.webhooks import command as webhook

COMMANDS = (
    demo.demo,
    up.up,
    down.down,
    worker.worker,
    status.status,
    report.report,
    incident.incident,
    work_orders.work_orders,
    pictures.pictures,
    import_.import_,
    backfill.backfill,
    site.site,
    lab.lab,
    train.train,
    evaluate.evaluate,
    dataset.dataset,
    experiment.experiment,
    campaign.campaign,
    predict.predict,
    roll_back.roll_back,
    user.user,
    key.key,
    notify.notify,
    webhook.webhook,
    migrate.migrate,
    analyst.analyst,
    environment.environment,
)


class _Commands(click.Group):
    """The commands; what none of them foresaw ends with a code of its own."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; its traceback is shown where it failed by a fault of ours."""
        with interrupted_in_order() as signals:
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                # With the codes of a shell: a caller tells them from an input that cannot be taken.
                click.echo("interrupted; run it again to go on", err=True)
                ctx.exit(INTERRUPTED + signals[0] - signal.SIGINT if signals else INTERRUPTED)
            except Exception as error:
                if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
                    raise
                traceback.print_exc()
                ctx.exit(FAILURE)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit codes, from where errors are defined."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="battery-assets")
def main() -> None:
    """Batteries as Dagster assets: from monitor telemetry to remaining useful life and work orders.

    \b
    Where things are kept is set by the environment; `battery-assets env` shows it.
      BATTERY_HOME           folder of everything          BATTERY_DATABASE_URL  a PostgreSQL server
      BATTERY_LAKE_URL       folder or s3:// of the lake   BATTERY_LANDING       where exports arrive
      BATTERY_ARTIFACTS_URL  folder or s3:// for MLflow    BATTERY_TRACKING_URI  an MLflow server
      BATTERY_WEB_PORT       of the Dagster pages          BATTERY_MLFLOW_PORT   of the MLflow pages
      BATTERY_API_PORT       of the API                    BATTERY_WEB_HOSTS     names of a proxy
      BATTERY_BROKER_URL     hands runs to workers         BATTERY_RUNS_AT_ONCE  how many work at once
      BATTERY_SMTP_URL       the mail server               BATTERY_MAIL_FROM     the mails' sender
      BATTERY_TIME_ZONE      of the hours of digests

    \b
    Example:
      battery-assets demo && battery-assets up
    """


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
