"""How long the bodies of assets and checks take, told apart from what Dagster does around them.

A step calls its bodies through one function of ours, and Dagster a lone body through one of its own; these
are wrapped here and nothing else. So the time of a body is exactly that of our code: its reads, its
computations, its writes, its imports.
"""

import inspect
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def watch_bodies(heard: Callable[[str, str, float], None]) -> None:
    """From now on tell `heard` the run's id, the name and the seconds of every body in this process.

    A step with many bodies is a generator, which calls each of them through a function of ours.
    """
    from dagster._core.execution.plan import compute_generator

    from battery_assets.platform.dagster import steps

    invoke, call = compute_generator.invoke_compute_fn, steps.call

    def alone(fn: Callable[..., Any], context: Any, *arguments: Any, **named: Any) -> Any:
        if inspect.isgeneratorfunction(fn):
            return invoke(fn, context, *arguments, **named)
        return timed(
            context, context.op_execution_context.op_def.name, invoke, fn, context, *arguments, **named
        )

    def within(key: Any, body: Callable[..., Any], context: Any) -> Any:
        asset, check = getattr(key, "asset_key", key), getattr(key, "name", None)
        name = f"{asset.path[-1]}_{check}" if check else asset.path[-1]
        return timed(context, name, call, key, body, context)

    def timed(context: Any, name: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            heard(context.op_execution_context.run_id, name, time.perf_counter() - started)

    compute_generator.invoke_compute_fn, steps.call = alone, within


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
