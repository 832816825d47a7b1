"""A campaign of the generator: bursts of ripple of many rectifier systems, sound and with known faults.

Each system is built as a site's layout builds it, and is sound first: its first bursts, of days of their
own, are its reference. Faults come in every severity from incipient on, alone and two at once.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import (
    Lines,
    Source,
    rectifier_lines,
    sampled,
    string_resistance_ohm,
)
from battery_assets.synthetic.events import (
    BURST_A_NOISE,
    BURST_A_STEP,
    BURST_HZ,
    BURST_SAMPLES,
    BURST_V_NOISE,
    BURST_V_STEP,
    MAINS_MOST_HZ,
    MAINS_SD_HZ,
)
from battery_assets.synthetic.rectifier_faults import DIODE_HELD_C, TWELVE_PULSE_SHARE
from battery_assets.synthetic.signals.bus import LIMPING_HELD_C, WANDER

CAPACITOR, UNBALANCE, DIODE, PHASE = "capacitor_loss", "phase_unbalance", "open_diode", "lost_phase"
FAULTS = (CAPACITOR, UNBALANCE, DIODE, PHASE)
SOUND = "sound"
# Shares of capacitance lost, and by how much a phase is low, within which a campaign draws.
CAPACITOR_LOSS, PHASE_LOW = (0.05, 0.95), (0.03, 0.08)
# Beside another fault a capacitor has lost so much at least.
LEAST_MIXED_LOSS = 0.2
JARS, FLOAT_V, RATED_AH = 24, 13.5, 120.0
# String monitors differ in gain by half a percent (DOMAIN: class of the sensors).
GAIN_SD = 0.005
# Training, validation and test need a system each, and a leak certificate five folds; a string's references
# say how its first line wanders.
LEAST_SYSTEMS, LEAST_REFERENCES = 5, 5
FLOAT_A, FLOAT_A_SD = 0.1, 0.03


@dataclass(frozen=True)
class Campaign:
    """What is made: systems, and of each so many bursts. `mixed` bursts have two faults at once.

    capacitor_loss, phase_low: within which shares severities are drawn. months: YYYY-MM, over whose days
    the bursts of a system lie, references first; without them nothing is dated.
    """

    systems: int = 60
    references: int = 20
    sound: int = 12
    each_fault: int = 6
    mixed: int = 6
    faults: tuple[str, ...] = FAULTS
    seed: int = 1
    capacitor_loss: tuple[float, float] = CAPACITOR_LOSS
    phase_low: tuple[float, float] = PHASE_LOW
    months: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.systems < LEAST_SYSTEMS:
            raise ValueError(
                f"{self.systems} systems: a split by system needs {LEAST_SYSTEMS}; next step: give more"
            )
        if unknown := sorted(set(self.faults) - set(FAULTS)):
            raise ValueError(f"{', '.join(unknown)}: no fault; next step: give some of {', '.join(FAULTS)}")
        if min(self.references, self.sound, self.each_fault, self.mixed) < 0 or not self.faults:
            raise ValueError("a campaign has faults, and no number under 0; next step: correct its numbers")
        if self.references < LEAST_REFERENCES:
            raise ValueError(
                f"{self.references} references: without {LEAST_REFERENCES} sound references nobody can tell "
                "a capacitor's loss; next step: give references"
            )
        if self.each_fault + self.mixed == 0 or self.sound == 0:
            raise ValueError(
                "nothing can be learned without sound and faulty bursts; next step: give sound and each_fault"
            )
        for name in ("capacitor_loss", "phase_low"):
            low, high = getattr(self, name)
            if not 0 < low <= high < 1:
                raise ValueError(f"{name} from {low} to {high}; next step: two shares between 0 and 1")
        try:
            _days(self.months)
        except ValueError as error:
            raise ValueError(f"months {', '.join(self.months)}; next step: months as 2025-03") from error

    @property
    def bursts(self) -> int:
        """How many bursts the campaign has."""
        both = self.mixed if {CAPACITOR, UNBALANCE} <= set(self.faults) else 0
        return self.systems * (self.references + self.sound + self.each_fault * len(self.faults) + both)


@dataclass(frozen=True)
class SystemBursts:
    """K bursts of one system: volts and amperes (K, samples), what is true of each, and its day."""

    system: int
    pulses: int
    volts: np.ndarray
    amps: np.ndarray
    labels: list[tuple[str, ...]]
    loss: np.ndarray
    low: np.ndarray
    reference: np.ndarray
    day: np.ndarray
    month: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _State:
    """What is wrong with a rectifier while a burst is taken."""

    labels: tuple[str, ...] = ()
    loss: float = 0.0
    low: float = 0.0


def system_bursts(campaign: Campaign, first: int = 0) -> Iterator[SystemBursts]:
    """The bursts of each system from `first` on, one after the other; the same for the same campaign."""
    for system in range(first, campaign.systems):
        yield _of_system(campaign, system)


def _of_system(campaign: Campaign, system: int) -> SystemBursts:
    rng = stream(campaign.seed, "burst campaign", system)
    is_ups, twelve = rng.random() < 2 / 3, rng.random() < TWELVE_PULSE_SHARE
    pulses = 12 if is_ups and twelve else 6
    inductance = rng.uniform(0.4e-3, 0.9e-3) if is_ups else rng.uniform(1.5e-3, 2.5e-3)
    bridge, source = Bridge(pulses, rng.uniform(0, 0.02)), Source(inductance_h=inductance)
    # Jars between new and half as much resistance again.
    ohm = string_resistance_ohm(4.25 * rng.uniform(1.0, 1.5), JARS)
    gains, offset = 1 + GAIN_SD * rng.standard_normal(2), 0.1 * rng.standard_normal()
    states = _states(campaign, rng)
    waves = np.empty((2, len(states), BURST_SAMPLES), np.float32)
    for place, state in enumerate(states):
        lines = _lines(state, bridge, source, ohm, rng).times(1 + WANDER * rng.standard_normal())
        hz = 50.0 + float(np.clip(rng.normal(0, MAINS_SD_HZ), -MAINS_MOST_HZ, MAINS_MOST_HZ))
        ripple = sampled(lines, BURST_HZ, BURST_SAMPLES, hz, rng.random())
        noise = rng.standard_normal((2, BURST_SAMPLES)) * [[BURST_V_NOISE], [BURST_A_NOISE]]
        dc = [[JARS * FLOAT_V], [FLOAT_A + FLOAT_A_SD * rng.standard_normal()]]
        measured = (dc + ripple + noise) * gains[:, None] + [[0.0], [offset]]
        steps = np.array([[BURST_V_STEP], [BURST_A_STEP]])
        waves[:, place] = np.rint(measured / steps) * steps
    taken = np.arange(len(states))
    days = _days(campaign.months)
    on = [days[k * len(days) // len(states)] for k in taken] if days else []
    return SystemBursts(
        system, pulses, waves[0], waves[1], [state.labels for state in states],
        np.array([state.loss for state in states]), np.array([state.low for state in states]),
        taken < campaign.references,
        np.array([(day - date(1970, 1, 1)).days for day in on]) if on else taken,
        [f"{day:%Y-%m}" for day in on],
    )  # fmt: skip


def _days(months: tuple[str, ...]) -> list[date]:
    """Every day of months, in order. Raises ValueError for one that is none."""
    first = [date.fromisoformat(f"{month}-01") for month in sorted(set(months))]
    return [
        start.replace(day=number)
        for start in first
        for number in range(1, monthrange(start.year, start.month)[1] + 1)
    ]


def _states(campaign: Campaign, rng: np.random.Generator) -> list[_State]:
    """References first, then sound bursts, each fault by itself, and two at once."""
    sound = [_State()] * (campaign.references + campaign.sound)
    faulty = [
        _State((kind,), *_severity(campaign, kind, rng))
        for kind in campaign.faults
        for _ in range(campaign.each_fault)
    ]
    least, most = campaign.capacitor_loss
    grave = (min(max(LEAST_MIXED_LOSS, least), most), most)
    both = [
        _State((CAPACITOR, UNBALANCE), float(rng.uniform(*grave)), float(rng.uniform(*campaign.phase_low)))
        for _ in range(campaign.mixed if {CAPACITOR, UNBALANCE} <= set(campaign.faults) else 0)
    ]
    # In no order: else the number of a burst would tell its label.
    after = [*sound[campaign.references :], *faulty, *both]
    return [*sound[: campaign.references], *(after[k] for k in rng.permutation(len(after)))]


def _severity(campaign: Campaign, kind: str, rng: np.random.Generator) -> tuple[float, float]:
    loss = float(rng.uniform(*campaign.capacitor_loss)) if kind == CAPACITOR else 0.0
    return loss, float(rng.uniform(*campaign.phase_low)) if kind == UNBALANCE else 0.0


def _lines(state: _State, bridge: Bridge, source: Source, ohm: float, rng: np.random.Generator) -> Lines:
    """Lines of a system in a state; conduction that stops within the cycle holds its ripple."""
    low = max(bridge.unbalance, state.low)
    worn = source.aged(state.loss) if state.loss else source
    broken = replace(
        bridge, unbalance=low, open_diode=DIODE in state.labels, lost_phase=PHASE in state.labels
    )
    lines = rectifier_lines(broken, worn, JARS * FLOAT_V, ohm)
    if DIODE in state.labels:
        return lines.held_to(float(rng.uniform(*DIODE_HELD_C)) * RATED_AH)
    return lines.held_to(LIMPING_HELD_C * RATED_AH) if PHASE in state.labels else lines
