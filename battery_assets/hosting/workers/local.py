"""Workers that `up` starts on this machine, with a broker of their own unless one is named."""

import dataclasses
import sys

from battery_assets.hosting.workers import broker as broker_of
from battery_assets.hosting.workers import queue
from battery_assets.hosting.workers.broker import Broker
from battery_assets.hosting.workers.fitness import refuse_without_broker, refuse_without_packages
from battery_assets.settings import Settings, is_remote

# A worker that ends sooner does so every time: its settings are at fault.
AT_ONCE_S = 20.0


def broker_for(settings: Settings, workers: int) -> Broker | None:
    """The broker to start: none where one is named, or nobody works. UserError where it cannot be had."""
    if settings.broker_url is not None:
        refuse_without_broker(settings)
        return None
    if not workers:
        return None
    refuse_without_packages()
    return broker_of.prepare(settings)


def settings_with(settings: Settings, broker: Broker | None, workers: int) -> Settings:
    """The settings that all services get: with our broker, and as many runs at once as somebody works."""
    url = broker.url if broker is not None else settings.broker_url
    at_once = workers if broker is not None else settings.runs_at_once
    return dataclasses.replace(settings, broker_url=url, runs_at_once=at_once)


def answers(settings: Settings) -> bool:
    """Whether the broker lets us in."""
    try:
        queue.workers(str(settings.broker_url))
    except Exception:
        return False
    return True


def listening(settings: Settings) -> int:
    """How many workers listen on the queue; as many as one likes where the broker does not tell."""
    count = queue.workers(str(settings.broker_url))
    return sys.maxsize if count is None else count


def command(number: int) -> list[str]:
    """Command of a worker."""
    return [sys.executable, "-m", "battery_assets.cli", "worker", "--name", f"worker-{number}"]


def surroundings(settings: Settings, number: int) -> dict[str, str]:
    """A worker's variables: a home of its own where all that workers share is on servers."""
    stores = [settings.lake_url, settings.landing]
    stores += [] if settings.tracking_uri else [settings.artifacts_url]
    shared = settings.database_url is not None and all(is_remote(store) for store in stores)
    home = settings.home / "workers" / str(number) if shared else settings.home
    return {"BATTERY_HOME": str(home)}
