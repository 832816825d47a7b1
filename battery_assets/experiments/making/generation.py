"""A dataset made by the generator: a file of the lake for each system, kept as it is made.

A job that was stopped or killed leaves the files that are whole, and the next one goes on after them.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books
from battery_assets.experiments.making.files import FOLDER
from battery_assets.platform.jobs.work import working
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import GENERATION

LATER = ("capacitor_loss", "phase_low", "months")

if TYPE_CHECKING:
    from battery_assets.synthetic.signals.burst_campaign import Campaign, SystemBursts


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a dataset of the generator. Returns the job's number. Raises BadInput for what cannot be."""
    campaign = campaign_of(terms)
    words = f"{campaign.systems} systems of the generator, seed {campaign.seed}: {', '.join(campaign.faults)}"
    # A term that came later and says nothing else is not told: datasets of before go on under their name.
    stated = {
        key: value for key, value in asdict(campaign).items()
        if key not in LATER or value != getattr(type(campaign), key)
    }  # fmt: skip
    return books.ask(warehouse, GENERATION, name, {"campaign": stated}, campaign.systems, words)


def campaign_of(terms: dict[str, Any]) -> "Campaign":
    """The campaign that terms describe. Raises BadInput for what cannot be."""
    from battery_assets.synthetic.signals.burst_campaign import Campaign

    try:
        listed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in terms.items()
        }
        return Campaign(**listed)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{error}") from error


def make(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Carry out a generation. Returns what it came to: files, and whether it was stopped."""
    from battery_assets.synthetic.signals.burst_campaign import BURST_HZ, BURST_SAMPLES, system_bursts

    with working(warehouse.database_url, number, dagster_run) as work:
        name, campaign = work.facts["name"], campaign_of(work.facts["campaign"])
        files = list((books.dataset(warehouse, name).meta_data or {}).get("files") or [])
        if files:
            work.say(f"{len(files)} systems are there already")
        for bursts in system_bursts(campaign, first=len(files)):
            url = warehouse.lake.keep(f"{FOLDER}/dataset={name}/system-{bursts.system:04d}", frame_of(bursts))
            files.append(url)
            books.change(warehouse, name, meta_data={"files": files})
            if work.report(len(files), campaign.systems):
                break
        # Severities of a campaign are drawn: its days are no course of a capacitor.
        facts = {"samples": BURST_SAMPLES, "sample_rate": BURST_HZ, "simulated": True, "drawn": True}
        books.change(warehouse, name, file_path=f"{FOLDER}/dataset={name}", meta_data=facts)
        say(f"{len(files)} of {campaign.systems} systems")
        return {"files": len(files), "stopped": work.stopping}


def frame_of(bursts: "SystemBursts") -> pl.DataFrame:
    """The bursts of a system as its file holds them."""
    from battery_assets.synthetic.events import BURST_HZ

    count = len(bursts.labels)
    return pl.DataFrame({
        "signal_id": [f"s{bursts.system:04d}-{k:04d}" for k in range(count)],
        "system": [f"s{bursts.system:04d}"] * count,
        "string": [f"s{bursts.system:04d}"] * count,
        "day": bursts.day,
        "pulses": np.full(count, bursts.pulses, np.int32),
        "labels": pl.Series([list(one) for one in bursts.labels], dtype=pl.List(pl.String)),
        "capacitance_lost": bursts.loss,
        "phase_low": bursts.low,
        "is_reference": bursts.reference,
        "waveform_v": _lists(bursts.volts),
        "waveform_a": _lists(bursts.amps),
        "waveform_hz": np.full(count, BURST_HZ, np.int32),
        **({"month": bursts.month} if bursts.month else {}),
    })  # fmt: skip


def _lists(waves: np.ndarray) -> pl.Series:
    return pl.Series(waves, dtype=pl.Array(pl.Float32, waves.shape[1])).arr.to_list()
