"""Workers of experiments that are killed with signal 9, each at a step of its own between both stores.

Run as a program, so that what it imports is imported once: a worker is a fork that has opened nothing yet.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from battery_assets.experiments.trying import work
from battery_assets.platform.tracked_run import TrackedRun
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

# What the worker has done when it dies, and what it dies in, before or after that is done.
STEPS: dict[str, tuple[Any, str, bool]] = {
    "job taken": (work.books, "one", False),
    "run made": (work.books, "change", False),
    "run known": (TrackedRun, "log_params", False),
    "epoch written": (work, "_report", True),
    "files kept": (work, "kept", True),
    "run ended": (work, "_enter", False),
    "row entered": (work, "_enter", True),
}

# What a worker imports late: here it is imported before the first fork.
HEAVY = (
    "mlflow.store.tracking.sqlalchemy_store", "battery_assets.learning.signals.stored",
    "battery_assets.learning.signals.onnx_file", "battery_assets.learning.signals.leak",
)  # fmt: skip


def dying(do: Callable[..., Any], after: bool) -> Callable[..., Any]:
    """What kills this process where `do` is called, or where it has returned."""

    def dies(*given: Any, **terms: Any) -> None:
        if after:
            do(*given, **terms)
        os.kill(os.getpid(), signal.SIGKILL)

    return dies


def main() -> None:
    """Carry out each experiment of the order in a worker that dies. Prints the signal that each died of."""
    order = json.loads(sys.argv[1])
    for name in HEAVY:
        importlib.import_module(name)
    died = {}
    for step, number in order["jobs"].items():
        worker = os.fork()
        if not worker:
            home, name, after = STEPS[step]
            setattr(home, name, dying(getattr(home, name), after))
            warehouse = Warehouse(database_url=order["database"], lake_url=order["lake"])
            tracking = Tracking(tracking_uri=order["tracking"], artifact_root=order["artifacts"])
            try:
                work.carry_out(warehouse, tracking, number, None, lambda _: None)
            finally:
                os._exit(1)
        died[step] = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    print(json.dumps(died))


if __name__ == "__main__":
    main()
