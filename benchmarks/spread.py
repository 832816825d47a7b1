"""python -m benchmarks.spread: a backfill over two workers with homes of their own, one of them killed.

A broker, PostgreSQL and an S3-compatible store run on this machine for as long as it takes. In the end every
partition is there once, with the checksums that one undisturbed process makes.
"""

import sys
import time
from collections.abc import Callable

from battery_assets.hosting.workers import broker
from battery_assets_tests.worlds.spread import night
from battery_assets_tests.worlds.spread.stores import shared_stores


def main() -> int:
    """0 where the checksums agree."""
    if not broker.installed():
        print(
            "error: rabbitmq-server is not installed\nnext step: apt-get install rabbitmq-server",
            file=sys.stderr,
        )
        return 1
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {words}", flush=True)

    with shared_stores() as stores:
        spread = night.spread(stores, say)
        say(f"all ended {spread.seconds:.0f} s after the backfill was asked for")
        say(f"runs by worker: {', '.join(f'{name} {n}' for name, n in sorted(spread.workers.items()))}")
        say("the same months by one process, undisturbed ...")
        alone = night.undisturbed(stores)
    return _judged(spread, alone, say)


def _judged(spread: night.Ended, alone: night.Checksums, say: Callable[[str], None]) -> int:
    """Say whether everything was done, once, and came out the same. 0 where it did."""
    twice = [f"{partition} {step}" for (partition, step), times in spread.steps.items() if times > 1]
    different = [
        "|".join(key)
        for key in alone.keys() | spread.checksums.keys()
        if alone.get(key) != spread.checksums.get(key)
    ]
    say(f"{len(spread.steps)} steps of {len(spread.runs)} runs, {len(twice)} of them done twice")
    say(f"{len(alone)} partitions of tables, {len(different)} with another checksum than by one process")
    for words in [*(f"done twice: {step}" for step in twice), *(f"differs: {key}" for key in different)]:
        say(words)
    if twice or different or not alone:
        return 1
    say(f"{spread.killed} was killed, and everything was done once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
