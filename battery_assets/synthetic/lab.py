"""A made-up lab: lithium-ion cells cycled to the end of their lives, where no cycler is connected.

Each cell is characterised once at C/20 and then cycled at its own charging rate (CC-CV in, 1C out). Lithium
is lost with the flattening course of a growing film, active material slowly, and both faster after a knee;
resistance grows along. Some tests are stopped before the end, as in any lab.
"""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from battery_assets.physics.lithium_cell import CUTOFF_SHARE, Cell, Protocol, one_cycle, rested
from battery_assets.physics.parameters.chen2020 import LG_M50
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.site import MONTH, SITE_ID, SITE_WORDS
from battery_assets.tables.identity import identity

CHARGE_RATES = (0.3, 0.5, 0.7)  # C
USUAL_LIFE = 260.0  # cycles to 80 % at 0.5C: an accelerated test, so that a demo sees whole lives
LIFE_SCATTER = 0.25  # standard deviation of ln(life) between cells of one batch
STOPPED_SHARE = 0.15
VOLT_NOISE, AMPERE_NOISE, KELVIN_NOISE = 0.0002, 0.0005, 0.05
CHARACTERISATION, CYCLE_LIFE = "characterisation", "cycle_life"


@dataclass(frozen=True)
class SyntheticLab:
    """What decides a made-up lab; equal values give equal bytes. `start` is its first month, YYYY-MM."""

    site: str
    seed: int = 0
    cells: int = 12
    start: str = "2025-01"
    sample_s: int = 60

    def __post_init__(self) -> None:
        for good, key, allowed in (
            (bool(re.match(SITE_ID, self.site)), "site", SITE_WORDS),
            (isinstance(self.seed, int) and self.seed >= 0, "seed", "a whole number from 0"),
            (isinstance(self.cells, int) and 1 <= self.cells <= 500, "cells", "1 to 500"),
            (bool(MONTH.match(self.start)), "start", "a month as YYYY-MM"),
            (isinstance(self.sample_s, int) and 1 <= self.sample_s <= 300, "sample_s", "1 to 300 seconds"),
        ):
            if not good:
                raise ValueError(
                    f"synthetic lab: {key} = {getattr(self, key)!r} is not allowed; give {allowed}"
                )

    @classmethod
    def from_config(cls, site: str, config: dict) -> "SyntheticLab":
        """A lab from its settings. Raises ValueError on a key or value that is not allowed."""
        allowed = [field.name for field in fields(cls) if field.name != "site"]
        strange = sorted(set(config) - set(allowed))
        if strange:
            raise ValueError(f"synthetic lab: {strange[0]} is not a setting; give only {', '.join(allowed)}")
        return cls(site=site, **config)


@dataclass(frozen=True)
class Session:
    """One test of one cell: which, by what protocol, from when, and how many cycles it ran."""

    session_id: str
    cell: int
    kind: str
    started_at: datetime
    cycles: int


@dataclass(frozen=True)
class _Fate:
    """A cell's charging rate (C), scale of its life and cycles of its test, and lithium above the usual."""

    rate: float
    life: float
    cycles: int
    quality: float


def cell_code(lab: SyntheticLab, cell: int) -> str:
    """Code of a cell, such as LAB-C007."""
    return f"{lab.site.upper()[:20]}-C{cell + 1:03d}"


def cell_id(lab: SyntheticLab, cell: int) -> str:
    """Identifier of a cell."""
    return identity("battery_cell", lab.site, cell_code(lab, cell))


@lru_cache(maxsize=512)
def _fate(lab: SyntheticLab, cell: int) -> _Fate:
    rng = stream(lab.seed, lab.site, "cell", cell)
    rate = CHARGE_RATES[int(rng.integers(len(CHARGE_RATES)))]
    life = USUAL_LIFE * (rate / 0.5) ** -0.5 * np.exp(LIFE_SCATTER * rng.standard_normal())
    stopped = rng.uniform(0.4, 0.8) if rng.random() < STOPPED_SHARE else 1.15
    return _Fate(rate, life, int(life * stopped), float(rng.normal(0.0, 0.008)))


def _cell_at(fate: _Fate, cycle: float) -> Cell:
    """The cell after so many cycles: film growth, a knee at 70 % of the life's scale, resistance along."""
    spent = cycle / fate.life
    knee = max(0.0, (spent - 0.7) / 0.3) ** 2
    lithium = 0.065 * spent**0.7 + 0.050 * knee
    return Cell.aged(lithium - fate.quality, 0.02 * spent, 1 + 0.35 * spent + 0.40 * knee)


def sessions(lab: SyntheticLab, month: str) -> list[Session]:
    """The sessions that begin in a month, by start; a cell's two follow each other within a week."""
    made = [session for cell in range(lab.cells) for session in _of_cell(lab, cell)]
    return sorted(
        (session for session in made if session.started_at.strftime("%Y-%m") == month),
        key=lambda session: (session.started_at, session.session_id),
    )


def last_month(lab: SyntheticLab) -> str:
    """The last month in which sessions begin, YYYY-MM."""
    return f"{_month_of(lab, lab.cells - 1):%Y-%m}"


def _month_of(lab: SyntheticLab, cell: int) -> datetime:
    """Eight channels take up new cells together; the next batch starts a month later."""
    first = datetime.strptime(lab.start, "%Y-%m").replace(tzinfo=UTC)
    batch = first.month - 1 + cell // 8
    return first.replace(year=first.year + batch // 12, month=batch % 12 + 1)


@lru_cache(maxsize=512)
def _of_cell(lab: SyntheticLab, cell: int) -> tuple[Session, ...]:
    rng = stream(lab.seed, lab.site, "start", cell)
    began = _month_of(lab, cell) + timedelta(
        days=1 + int(rng.integers(0, 5)), seconds=int(rng.integers(0, 36_000))
    )
    aged = began + timedelta(days=4)
    code = cell_code(lab, cell)
    return (
        Session(identity("test_session", lab.site, code, CHARACTERISATION), cell, CHARACTERISATION, began, 1),
        Session(
            identity("test_session", lab.site, code, CYCLE_LIFE),
            cell,
            CYCLE_LIFE,
            aged,
            _fate(lab, cell).cycles,
        ),
    )


def protocol(lab: SyntheticLab, session: Session) -> Protocol:
    """How a session charges and discharges its cell."""
    nominal = LG_M50.nominal_ah
    slow = session.kind == CHARACTERISATION
    charge, discharge = (
        (nominal / 20, nominal / 20) if slow else (nominal * _fate(lab, session.cell).rate, nominal)
    )
    air = 25.0 + float(stream(lab.seed, lab.site, "chamber").normal(0, 0.3))
    cutoff = charge * 0.5 if slow else CUTOFF_SHARE * nominal
    return Protocol(charge, discharge, LG_M50.high_v, LG_M50.low_v, cutoff, 3600.0 if slow else 1800.0,
                    float(lab.sample_s), air)  # fmt: skip


def session_points(lab: SyntheticLab, session: Session) -> pl.DataFrame:
    """The points of a session: test_time_s, ts, voltage_v, current_a, temperature_c, cycle_count, step_index.

    As a cycler writes them: positive current charges, noise of the channel, 0.1 mV, 0.1 mA, 0.1 C.
    """
    plan, fate = protocol(lab, session), _fate(lab, session.cell)
    state = rested(_cell_at(fate, 0.0), 2.9, plan.air_c)
    parts, begun = [], 0.0
    for cycle in range(session.cycles):
        time_s, current, volts, warm, step = one_cycle(_cell_at(fate, float(cycle)), plan, state)
        count = np.full(time_s.size, cycle + 1)
        parts.append((begun + time_s, current, volts, warm, count, step))
        begun += float(time_s[-1]) + 0.1
    time_s, current, volts, warm, count, step = (np.concatenate(part) for part in zip(*parts, strict=True))
    noise = stream(lab.seed, session.session_id, "channel").standard_normal((3, time_s.size))
    flowing = current != 0.0
    frame = pl.DataFrame(
        {
            "test_time_s": time_s.round(1),
            "voltage_v": (volts + VOLT_NOISE * noise[0]).round(4),
            "current_a": np.where(flowing, current + AMPERE_NOISE * noise[1], 0.0).round(4),
            "temperature_c": (warm + KELVIN_NOISE * noise[2]).round(1),
            "cycle_count": count,
            "step_index": step.astype(np.int64),
        }
    )
    stamp = pl.lit(session.started_at).dt.cast_time_unit("us")
    return frame.with_columns(ts=stamp + pl.duration(milliseconds=(pl.col("test_time_s") * 1000).round()))


def session_facts(lab: SyntheticLab, session: Session) -> dict[str, Any]:
    """What a lab's book says of a session: columns of test_session that are known before its points."""
    return {
        "session_id": session.session_id,
        "cell_id": cell_id(lab, session.cell),
        "protocol": session.kind,
        "protocol_version": "1",
        "equipment": "synthetic cycler",
        "channel": str(session.cell % 8 + 1),
        "started_at": session.started_at,
        "ambient_temperature_c": 25.0,
        "cutoff_voltage_v": LG_M50.low_v,
    }


def cell_row(lab: SyntheticLab, cell: int) -> dict[str, Any]:
    """A cell as a row of battery_cell."""
    return {
        "cell_id": cell_id(lab, cell),
        "pack_id": None,
        "cell_code": cell_code(lab, cell),
        "barcode": None,
        "chemistry": "NMC",
        "manufacturer": "synthetic, of the class of LG M50",
        "model": "21700, 5 Ah",
        "nominal_capacity_ah": LG_M50.nominal_ah,
        "nominal_voltage_v": 3.63,
        "voltage_min_v": LG_M50.low_v,
        "voltage_max_v": LG_M50.high_v,
    }
