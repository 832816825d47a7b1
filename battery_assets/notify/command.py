"""battery-assets notify: the worker that sends what the outbox holds."""

import click

# `battery-assets up` waits for this line in the log.
AT_WORK = "notify: at work"


@click.command()
@click.option("--once", is_flag=True, help="Send what is due now, and end.")
def notify(once: bool) -> None:
    """Send mails, digests, webhooks and chats of what happened; `battery-assets up` runs it too.

    Mail goes through BATTERY_SMTP_URL; without it webhooks go, and the console shows the rest. Any number of
    workers may run: none sends what another one has taken.

    \b
    Example:
      battery-assets notify --once
    """
    import logging
    from zoneinfo import ZoneInfo

    from battery_assets.actions.notifications.work import database
    from battery_assets.notify.worker import NO_MAIL, Worker
    from battery_assets.platform.sealing import Seal
    from battery_assets.settings import Settings

    settings = Settings.from_environment()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("battery_assets").setLevel(logging.INFO)
    with database(settings) as url:
        mail, zone = (settings.smtp_url, settings.mail_from), ZoneInfo(settings.time_zone)
        worker = Worker(url, Seal(settings.home).unseal, *mail, zone=zone)
        if once:
            done = worker.once()
            click.echo(", ".join(f"{name}: {count}" for name, count in done.items()))
            if settings.smtp_url is None:
                click.echo(NO_MAIL, err=True)
            return
        _serve(worker)


def _serve(worker: object) -> None:
    """Work until SIGINT or SIGTERM."""
    import signal
    import threading

    from battery_assets.notify.worker import Worker

    assert isinstance(worker, Worker)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    click.echo(AT_WORK)
    worker.run(stopping)
