"""python -m benchmarks.spread: a backfill over two workers with homes of their own, one of them killed.

A broker, PostgreSQL and an S3-compatible store run on this machine for as long as it takes. In the end every
partition is there once, with the checksums that one undisturbed process makes.
"""

import sys
import time

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
        for run in spread.runs:
            say(f"{run['tags']['dagster/partition']}: {run['status']}")
        say(f"runs by worker: {dict(spread.workers)}; {spread.killed} was killed")
        say("the same by one process, undisturbed ...")
        alone = night.undisturbed(stores)
    different = [
        key for key in alone.keys() | spread.checksums.keys() if alone.get(key) != spread.checksums.get(key)
    ]
    say(f"{len(alone)} partitions of tables, {len(different)} with another checksum")
    for key in different:
        say(f"differs: {'|'.join(key)}")
    return 1 if different or not alone else 0


if __name__ == "__main__":
    sys.exit(main())
