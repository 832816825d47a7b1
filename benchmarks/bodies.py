"""How long the bodies of assets and checks take, told apart from what Dagster does around them.

Dagster calls every body through one function of its own; that function is wrapped here and nothing else. So
the time of a body is exactly that of our code: its reads, its computations, its writes, its imports.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def watch_bodies(heard: Callable[[str, str, float], None]) -> None:
    """From now on tell `heard` the run's id, the step's key and the seconds of every body in this process."""
    from dagster._core.execution.plan import compute_generator

    invoke = compute_generator.invoke_compute_fn

    def watched(fn: Callable[..., Any], context: Any, *arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return invoke(fn, context, *arguments, **named)
        finally:
            operation = context.op_execution_context
            heard(operation.run_id, operation.op_def.name, time.perf_counter() - started)

    compute_generator.invoke_compute_fn = watched


def write_bodies(folder: Path) -> None:
    """As watch_bodies, into <folder>/<run id>.jsonl: for runs in processes of their own."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(run_id: str, step: str, seconds: float) -> None:
        with (folder / f"{run_id}.jsonl").open("a") as out:
            out.write(json.dumps({"step": step, "seconds": seconds}) + "\n")

    watch_bodies(write)


def read_bodies(folder: Path, run_id: str) -> dict[str, float]:
    """Seconds of each step's body, as write_bodies left them."""
    lines = (folder / f"{run_id}.jsonl").read_text().splitlines()
    return {entry["step"]: entry["seconds"] for entry in map(json.loads, lines)}
