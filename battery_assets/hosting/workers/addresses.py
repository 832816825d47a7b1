"""Settings of workers: the broker's address, where Celery keeps what became of a task, runs at once."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from battery_assets.errors import SettingsError

KEY = "BATTERY_BROKER_URL"
SCHEMES = ("amqp", "amqps", "redis", "rediss")


def broker_url(environ: Mapping[str, str]) -> str | None:
    """The broker's address; SettingsError says what is allowed and never shows the password."""
    value = environ.get(KEY)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        whole = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        allowed = "amqp://user:password@host:5672// (RabbitMQ), or redis://host:6379/0 with its limits"
        raise SettingsError(KEY, "(not shown)", allowed)
    return value


def shown(url: str) -> str:
    """A broker's address without its user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":")


def results_url(dagster_url: str) -> str:
    """Where Celery keeps what became of each task: Dagster's database, which the monitor can ask."""
    return dagster_url if dagster_url.startswith("db+") else f"db+{dagster_url}"


def runs_at_once(environ: Mapping[str, str]) -> int:
    """How many runs work at the same time, on all machines together; SettingsError for a bad number."""
    text = environ.get("BATTERY_RUNS_AT_ONCE", "2")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise SettingsError("BATTERY_RUNS_AT_ONCE", text, "a number of runs from 1 to 10000")
    return int(text)
