"""The main job over a small synthetic fleet and a lab: sites, a year, models where jars have ended, cells."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from battery_assets.actions.session import Session, committed_months, put_site, quiet_logs, run_here
from battery_assets.errors import UserError
from battery_assets.hosting.orphans import die_with_parent
from battery_assets.lab.training import books
from battery_assets.platform.lake import pages
from battery_assets.platform.registry.kinds import LAB_SYNTHETIC, SYNTHETIC

# Whether enough of these 216 jars have ended by a cut-off to train on is chance: else the twin serves.
FLEET = {
    "bangrak": {"place": "bangrak", "seed": 5},
    "chiangmai": {"place": "chiangmai", "seed": 19},
    "hat-yai": {"place": "hat-yai", "seed": 11},
}
SAMPLING = {"interval_s": 300, "strings": 3, "start": "2025-01"}
MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]
# Each cut-off trains on the months before it; the months from it on are predicted by it.
CUTOFFS = ("2025-10", "2025-12")
LAB, LAB_MONTHS = "bench", ("2025-01", "2025-02")
BENCH = {"seed": 3, "cells": 12, "start": LAB_MONTHS[0], "sample_s": 60}
# Small networks: a training takes seconds.
NETWORK = {"epochs": 15, "width": 24, "rows_per_epoch": 2048, "window": 8}
WORKERS = 2
ALGORITHMS = ("baseline", "bilstm", "deephpm")
TOO_FEW = "observed ends of life before the cut-off"


@dataclass(frozen=True)
class Step:
    """One run: a job, and the partition it is for; `algorithm` is what a lab's training trains."""

    job: str
    month: str | None = None
    site: str | None = None
    algorithm: str | None = None

    def __str__(self) -> str:
        return " ".join(word for word in (self.job, self.site, self.month, self.algorithm) if word)


def steps(at: Session) -> list[list[Step]]:
    """What is still to be done, in stages: the steps of a stage may run side by side, site by site."""
    from battery_assets import tables as t

    done = {site: set(committed_months(at, site, t.work_order)) for site in FLEET}
    trained = set(committed_months(at, "", t.ml_model))
    stages: list[list[Step]] = []
    if not committed_months(at, "", t.user):
        stages.append([Step("catalogue")])
    tested = committed_months(at, LAB, t.cycle_data)
    lab = [Step("lab_month", month, LAB) for month in LAB_MONTHS if month not in tested]
    if not books.metrics_of_lab(at.warehouse, LAB):
        lab += [Step("lab_training", site=LAB, algorithm=one) for one in ALGORITHMS]
        lab.append(Step("lab_ensemble", site=LAB))
    stages.append(lab)
    for first, end in zip((MONTHS[0], *CUTOFFS), (*CUTOFFS, "2026-01"), strict=True):
        if first in CUTOFFS and first not in trained:
            stages.append([Step("training", first)])
        stages.append(
            [
                Step("site_month", month, site)
                for month in MONTHS
                for site in FLEET
                if first <= month < end and month not in done[site]
            ]
        )
    stages = [stage for stage in stages if stage]
    if stages or not pages.exists(at.warehouse.lake, MONTHS[-1], "fleet.html"):
        stages.append([Step("monthly_report", MONTHS[-1])])
    return stages


def page_of(at: Session) -> str:
    """Where the page of the last month lies."""
    return pages.address(at.warehouse.lake, MONTHS[-1], "fleet.html")


def prepare(at: Session) -> None:
    """Enter the fleet's sites, the lab, and their months."""
    from battery_assets.platform.dagster.partitions import know_months

    know_months(at.instance, MONTHS)
    know_months(at.instance, LAB_MONTHS, lab=True)
    for site, config in FLEET.items():
        put_site(at, site, SYNTHETIC, {**SAMPLING, **config})
    put_site(at, LAB, LAB_SYNTHETIC, BENCH)


def run(stages: list[list[Step]], untrained: list[str]) -> Iterator[tuple[Step, bool]]:
    """Run everything, two processes side by side. Yields each step as it starts and, True, as it ends.

    A fleet in which too little ended to learn from is no failure: the twin tells its remaining lives. What
    the training said is added to `untrained`.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_begin) as pool, _hurried():
        for stage in stages:
            waiting = _queues(stage)
            running: dict[Future[str], tuple[Step, str | None]] = {}
            while waiting or running:
                busy = {site for _, site in running.values()}
                free = sorted(
                    (site for site in waiting if site not in busy), key=lambda site: -len(waiting[site])
                )
                # The longest queue first, so that no site is left to run alone at the end.
                for site in free[: WORKERS - len(running)]:
                    step = waiting[site].pop(0)
                    if not waiting[site]:
                        del waiting[site]
                    running[pool.submit(carry_out, step)] = (step, site)
                    yield step, False
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    step, _ = running.pop(future)
                    try:
                        future.result()
                    except UserError as refused:
                        if step.job != "training" or TOO_FEW not in refused.message:
                            raise
                        untrained.append(refused.message)
                    yield step, True


@contextmanager
def _hurried() -> Iterator[None]:
    """Kill the workers where the block is interrupted: their pool would wait for what they work on."""
    try:
        yield
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.kill()
        raise


def carry_out(step: Step) -> str:
    """Run a step in this process. Returns the run's id."""
    if step.job == "lab_training":
        config = {"algorithm": step.algorithm, "hyperparams": NETWORK}
        return run_here(step.job, step.site, ops={"cell_model": {"config": config}})
    if step.job == "lab_ensemble":
        return run_here(step.job, step.site, ops={"cell_ensemble": {"config": {"strategy": "avg"}}})
    return run_here(step.job, step.month, step.site)


def _begin() -> None:
    """What a worker does first."""
    die_with_parent()
    quiet_logs()


def _queues(stage: list[Step]) -> dict[str | None, list[Step]]:
    """A site's months in order: what is known of a jar grows month by month."""
    queues: dict[str | None, list[Step]] = {}
    for step in stage:
        queues.setdefault(step.site, []).append(step)
    return queues
