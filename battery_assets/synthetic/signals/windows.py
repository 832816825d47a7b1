"""Which fast windows a recorder keeps in a month, and why: events, ripple out of bounds, a daily one.

A monitor records when the load moves to the string and back, when ripple current is over C/20 or jumps
against what the string is used to, and once a day, so that there is a sound window to compare with.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S, month_days, month_index
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.rectifier_faults import edges_s
from battery_assets.synthetic.schedule import Event, events_touching, month_events
from battery_assets.synthetic.signals.bus import rectifier_at, wander_at
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.identity import identity

LIMIT_A = 0.05 * HX12_120.rated_ah  # C/20, the warning limit of ripple current (SOURCES 5)
JUMP = 1.5  # times the usual ripple current, or less by as much
SLOTS_PER_DAY = 2  # while it lasts a window each 12 h: what is wrong does not change faster
USUAL_SLOTS = 7 * SLOTS_PER_DAY
SLOT_S = DAY_S / SLOTS_PER_DAY
BEFORE_S = 2.0
QUIET_S = 30.0
# Kind of event -> (type in the reference, seconds after the trigger, sampling in ms).
CAPTURES = {
    "transfer": ("transfer_event", 58.0, 100),
    "outage": ("transfer_event", 58.0, 100),
    "generator_test": ("transfer_event", 58.0, 100),
    "self_test": ("discharge_test", 58.0, 100),
    "capacity_test": ("discharge_test", 298.0, 100),
    "equalize": ("equalize", 118.0, 500),
}
# Offsets of the bursts, s since the trigger. The one at -0.1 s holds the very moment of the trigger.
EVENT_BURSTS = (-1.0, -0.1, 1.0)
EQUALIZE_BURSTS = (-1.0, 117.0)
JUMP_BURSTS = (-1.0, 1.0, 27.0)


@dataclass(frozen=True)
class Window:
    """A recording: `at_s` is the trigger (s since 1970), `bursts` offsets of its waveforms (s since then)."""

    string: int
    kind: str
    trigger: str
    at_s: float
    before_s: float
    after_s: float
    step_ms: int
    bursts: tuple[float, ...]
    event: Event | None = None

    @property
    def samples(self) -> int:
        """Number of slow samples."""
        return round((self.before_s + self.after_s) * 1000) // self.step_ms + 1

    def id_at(self, site: SyntheticSite) -> str:
        """Its id at a site."""
        key = self.event.key if self.event else f"{self.trigger}|{self.string}|{self.at_s:.3f}"
        return identity("telemetry_event_window", site.site, key)


@lru_cache(maxsize=8)
def month_windows(site: SyntheticSite, month: str) -> tuple[Window, ...]:
    """Windows of a month in order of time. Raises ValueError for a month outside the site's life."""
    site.first_day(month)
    first, following = month_days(month_index(month))
    windows = [_event_window(event) for event in month_events(site, month_index(month)) if _recorded(event)]
    windows += _scheduled(site, first, following)
    windows += _jumps(site, first * DAY_S, following * DAY_S) + _over_the_limit(site, first, following)
    calm = _calm(site, first, following)
    kept = [w for w in windows if w.event or calm(w)]
    return tuple(sorted(kept, key=lambda w: (w.at_s, w.string, w.trigger)))


def _recorded(event: Event) -> bool:
    return event.discharges or event.kind == "equalize"


def _event_window(event: Event) -> Window:
    kind, after_s, step_ms = CAPTURES[event.kind]
    bursts: tuple[float, ...] = EQUALIZE_BURSTS
    if event.discharges:
        # The last one is after the event where that is over by then.
        bursts = (*(b for b in EVENT_BURSTS if b < event.duration_s), after_s - 1.0)
    return Window(event.string, kind, "event", event.start_s, BEFORE_S, after_s, step_ms, bursts, event)


def _plain(string: int, trigger: str, at_s: float, bursts: tuple[float, ...], after_s: float) -> Window:
    return Window(string, "surge", trigger, at_s, BEFORE_S, after_s, 100, bursts)


def _scheduled(site: SyntheticSite, first: int, following: int) -> list[Window]:
    """One a day and string, string after string from ten seconds past midnight UTC."""
    return [
        _plain(string, "schedule", day * DAY_S + 10.0 * (1 + string), (0.0,), 8.0)
        for day in range(first, following)
        for string in range(site.strings)
    ]


def _jumps(site: SyntheticSite, from_s: float, to_s: float) -> list[Window]:
    """Moments at which a fault makes the ripple jump, or its end lets it fall."""
    jumps = []
    for system in layout(site).systems:
        for edge in edges_s(site, system.number, from_s, to_s):
            for string in system.strings:
                before, after = (rectifier_at(site, string, edge + d).amps_rms for d in (-1.0, 1.0))
                if max(before, after) >= JUMP * min(before, after):
                    jumps.append(_plain(string, "ripple_jump", edge, JUMP_BURSTS, 28.0))
    return jumps


def _over_the_limit(site: SyntheticSite, first: int, following: int) -> list[Window]:
    """Each 12 h, while ripple current is over C/20 or far from the median of the string's last seven days."""
    back = USUAL_SLOTS // SLOTS_PER_DAY
    slots = (first - back) * DAY_S + SLOT_S * (0.5 + np.arange((following - first + back) * SLOTS_PER_DAY))
    windows = []
    for string in range(site.strings):
        at = slots + 60.0 * string
        amps = np.array([rectifier_at(site, string, s).amps_rms * wander_at(site, string, s) for s in at])
        usual = np.median(np.lib.stride_tricks.sliding_window_view(amps, USUAL_SLOTS), axis=1)[:-1]
        now = amps[USUAL_SLOTS:]
        for k in np.flatnonzero((now > LIMIT_A) | (now > JUMP * usual)):
            windows.append(_plain(string, "ripple_limit", float(at[USUAL_SLOTS + k]), (0.0,), 8.0))
    return windows


def _calm(site: SyntheticSite, first: int, following: int):
    """A test of windows: the load is not moved while they last; an event's own window says more then."""
    busy: dict[int, list[tuple[float, float]]] = {}
    for event in events_touching(site, first * DAY_S, following * DAY_S):
        if _recorded(event):
            # A tested string stands open for an hour after its load.
            until = event.start_s + event.duration_s + (3700.0 if event.kind == "capacity_test" else 60.0)
            busy.setdefault(event.string, []).append((event.start_s - QUIET_S, until))

    def calm(window: Window) -> bool:
        begin, end = window.at_s - window.before_s, window.at_s + window.after_s
        return not any(a < end and begin < b for a, b in busy.get(window.string, []))

    return calm
