"""The outbox: deliveries a second to a receiver on this machine, and 2,000 messages through four kills.

`python -m benchmarks.notify` prints both, on a throwaway home.
"""

import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from battery_assets.platform.warehouse.database import engine, transaction
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets.settings import Settings
from battery_assets_tests.worlds.notices.books import hook, opened, person, tell, worker
from battery_assets_tests.worlds.notices.killed_worker import sent_through_kills
from battery_assets_tests.worlds.notices.receivers import http_receiver
from benchmarks.children import throwaway_home

MESSAGES, KILLS = 2_000, 4
# Not by TRUNCATE: lines of system_logs are only added to.
_EMPTY = sa.text(
    "UPDATE service.users SET is_active = false, username = 'before', email = 'before@example.org'"
)


def measure(small: bool) -> dict[str, float]:
    """Deliveries a second, and what arrived through the kills."""
    url = Settings.from_environment().warehouse_url
    migrate(url)
    return of_database(url, 100 if small else MESSAGES)


def of_database(url: str, messages: int) -> dict[str, float]:
    """The figures, on a migrated database without people or events."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        found = {"outbox_deliveries_per_second": _rate(url, Path(one), messages)}
        with transaction(url) as connection:
            connection.execute(_EMPTY)
        arrived = sent_through_kills(url, Path(other), messages, KILLS)
    if len(arrived.accepted) != len(arrived.events) or arrived.ghosts:
        raise RuntimeError(f"ids and events differ, or what was rolled back arrived: {arrived.ghosts}")
    return {
        **found,
        "outbox_delivered_of_2000": float(len(arrived.accepted)),
        "outbox_doubles_of_four_kills": float(arrived.doubles),
    }


def _rate(url: str, folder: Path, messages: int) -> float:
    """Routed, signed, sent, answered and noted, a second, by one worker."""
    with http_receiver(folder) as receiver:
        hook(url, folder, person(url, "bench"), receiver.url())
        for first in range(0, messages, 100):
            tell(url, *(opened(f"rate-{n}") for n in range(first, min(first + 100, messages))))
        begun = time.perf_counter()
        sent = worker(url, folder).once()["webhooks"]
        seconds = time.perf_counter() - begun
        if sent != messages or len(receiver.requests) != messages:
            raise RuntimeError(f"{sent} of {messages} messages were sent")
    return messages / seconds


def main() -> None:
    """Measure and print."""
    with throwaway_home() as settings:
        migrate(settings.warehouse_url)
        for name, value in of_database(settings.warehouse_url, MESSAGES).items():
            print(f"{name:<32}{value:>10.1f}", flush=True)
        engine(settings.warehouse_url).dispose()


if __name__ == "__main__":
    main()
