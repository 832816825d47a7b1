"""What a worker needs before its first run; each lack has words, none leaves a run queued for ever."""

import importlib.util
import socket
from urllib.parse import urlsplit

import psycopg

from battery_assets.errors import UserError
from battery_assets.hosting.database_urls import libpq_url, redacted
from battery_assets.hosting.workers.addresses import KEY, shown
from battery_assets.platform.registry import identity
from battery_assets.settings import Settings, is_remote

PATIENCE_S = 5.0


def refuse_unfit(settings: Settings) -> None:
    """UserError where a worker of these settings could not carry out a run, or would lose what it makes."""
    refuse_without_broker(settings)
    urls = settings.database_urls()
    for url in (urls.warehouse, urls.dagster):
        try:
            psycopg.connect(libpq_url(url), connect_timeout=10).close()
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise UserError(
                f"the database {redacted(url)} cannot be reached: {reason}",
                "set BATTERY_DATABASE_URL as where `battery-assets up` runs, or start that one first",
            ) from None
    refuse_silent_store(settings)
    if not identity.join(urls.warehouse, settings.lake_url, settings.home):
        _refuse_own_folders(settings)


def refuse_without_packages() -> None:
    """UserError where the extra `scale` is not installed."""
    if importlib.util.find_spec("dagster_celery") is None:
        raise UserError("workers need the packages of the extra `scale`", "pip install -e '.[scale]'")


def refuse_without_broker(settings: Settings) -> None:
    """UserError where no broker is named, or the named one does not let us in."""
    refuse_without_packages()
    if settings.broker_url is None:
        raise UserError(
            "no broker is named, from which a worker would get its runs",
            f"set {KEY}, as in amqp://user:password@host:5672//, or use `battery-assets up --workers 2`",
        )
    from kombu import Connection

    url = settings.broker_url
    try:
        with Connection(url, connect_timeout=PATIENCE_S) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=PATIENCE_S)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"the broker {shown(url)} does not let us in: {reason}", f"start it, or correct {KEY}"
        ) from None


def refuse_silent_store(settings: Settings) -> None:
    """UserError where the lake's store does not answer: its client would ask a silent one for minutes."""
    endpoint = settings.storage_options.get("AWS_ENDPOINT_URL")
    if endpoint is None or not is_remote(settings.lake_url):
        return
    parts = urlsplit(endpoint)
    place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        socket.create_connection(place, PATIENCE_S).close()
    except OSError as error:
        raise UserError(
            f"the object store {endpoint} does not answer: {error}", "start it, or correct AWS_ENDPOINT_URL"
        ) from None


def _refuse_own_folders(settings: Settings) -> None:
    """UserError where this home is another than that of the books, and a store is a folder all the same."""
    places = {"BATTERY_LAKE_URL": settings.lake_url, "BATTERY_LANDING": settings.landing}
    if settings.tracking_uri is None:
        places["BATTERY_ARTIFACTS_URL"] = settings.artifacts_url
    alone = [f"{key}={value}" for key, value in places.items() if not is_remote(value)]
    if alone:
        raise UserError(
            f"{settings.home} is a home of this worker's own, and {', '.join(alone)} would be a folder that "
            "no other machine sees",
            "set an s3:// address for each, the same on every machine, or start it in the home of `up`",
        )
