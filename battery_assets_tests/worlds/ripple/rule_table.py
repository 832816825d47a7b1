"""A campaign whose faults begin where the first rule speaks: what it names there was measured once."""

from typing import Any

import polars as pl

from battery_assets.experiments.making.files import bursts_of
from battery_assets.experiments.making.generation import frame_of
from battery_assets.learning.signals.bursts import Bursts
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts

# Five classes of six bursts a system, and twenty sound ones of its own.
TERMS: dict[str, Any] = {
    "sound": 6, "each_fault": 6, "mixed": 0, "capacitor_loss": (0.35, 0.95), "phase_low": (0.03, 0.08),
}  # fmt: skip


def campaign_bursts(systems: int, seed: int) -> Bursts:
    """The bursts of so many systems."""
    campaign = Campaign(systems=systems, seed=seed, **TERMS)
    return bursts_of(pl.concat([frame_of(one) for one in system_bursts(campaign)]))
