"""Workers of one campaign side by side, some of them killed with signal 9 in the middle of a trial.

Run as a program, so that what it imports is imported once: a worker is a fork that has opened nothing yet.
"""

import importlib
import json
import os
import signal
import sys
import time
from typing import Any

from battery_assets.experiments.searching import books, settings
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import hpo_campaign

HEAVY = ("sklearn.ensemble", "battery_assets.learning.signals.scores", "battery_assets.learning.search.space")
# Leases of the workers here: long for a trial, short for who waits for them to end.
LEASE_S = 6.0


def begin(order: dict[str, Any], dies_in: int | None) -> int:
    """Start a worker. dies_in: the trial, counted from 0, in which it is killed; None: it lives. Its process."""
    process = os.fork()
    if process:
        return process
    attempt, trials = settings.attempt, iter(range(1_000))

    def dying(*given: Any) -> Any:
        if next(trials) == dies_in:
            os.kill(os.getpid(), signal.SIGKILL)
        return attempt(*given)

    books.LEASE_S, settings.attempt = LEASE_S, dying
    try:
        settings.share(_warehouse(order), order["campaign"], lambda _: None)
        os._exit(0)
    finally:
        os._exit(1)


def _warehouse(order: dict[str, Any]) -> Warehouse:
    return Warehouse(database_url=order["database"], lake_url=order["lake"])


def main() -> None:
    """Kill as many as the order says while others go on, then let one do what they left. Prints how all ended."""
    order = json.loads(sys.argv[1])
    for name in HEAVY:
        importlib.import_module(name)
    begun = [begin(order, dies_in) for dies_in in (*order["dies_in"], *[None] * order["live"])]
    ended = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in begun]
    time.sleep(LEASE_S)
    last = begin(order, None)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(last, 0)[1]))
    warehouse = _warehouse(order)
    number = books.campaign(warehouse, hpo_campaign, order["campaign"]).id
    trials = [[one.params_hash, one.state, one.attempts] for one in books.trials(warehouse, number)]
    print(json.dumps({"ended": ended, "trials": trials}))


if __name__ == "__main__":
    main()
