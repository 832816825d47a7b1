"""The life of every jar: born, ageing in its room, found by people, replaced by the next in its place.

Each place in a string is a chain of jars that began thirty years before the site's first month, so ages and
replacements are in a steady state by then. New jars are healthy, accelerated or failing as 85/12/3. A string
that is old or has lost too many jars is renewed as a whole.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from battery_assets.physics import ageing
from battery_assets.physics.float_charge import float_current_a
from battery_assets.physics.float_heat import hours_to_run_away
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic import operators
from battery_assets.synthetic.calendar import DAY_S, month_of_day, start_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.overcharge import overcharges
from battery_assets.synthetic.schedule import capacity_test, month_of_test
from battery_assets.synthetic.signals.wear_clock import ageing_clock
from battery_assets.synthetic.signals.weather import SPAN_DAYS, first_day, room_daily_c
from battery_assets.synthetic.site import SyntheticSite

SWITCH_S = 3 * 3600  # a jar is swapped at 10:00 in Thailand
NEVER = operators.NEVER
STRAP, SHORT, PARTIAL, RUNAWAY = 1, 2, 3, 4
SUDDEN_NAMES = ("", "strap", "cell_short", "partial_short", "thermal_runaway")
CLEARED_DAYS = 3  # from a runaway to a new string
# Spread between new jars (SOURCES 6): capacity 2 %, ohmic 4 %, acid 3 %, exchange current and depletion 15 %.
CAPACITY_SD, OHMIC_SD, ACID_SD, KINETIC_SD = 0.02, 0.04, 0.03, 0.15
# Of sudden failures opening straps and lugs are 10 of 17, shorts 7, some of them partial (SOURCES 3.2).
SUDDEN_SHARES = (10 / 17, 4 / 17, 3 / 17)
DESIGN_YEARS, RENEWAL_AGE = 10.0, 0.80
RENEWAL_SHARE, RENEWAL_SPAN_DAYS = 0.22, 730


@dataclass(frozen=True)
class Lives:
    """Columns with one entry per jar, ordered by generation then position; days are day numbers.

    `renewed` says that a jar left with its whole string, still serviceable.
    """

    position: np.ndarray
    generation: np.ndarray
    installed: np.ndarray
    replaced: np.ndarray
    renewed: np.ndarray
    previous: np.ndarray
    profile: np.ndarray
    mechanism: np.ndarray
    rate: np.ndarray
    initial: np.ndarray
    base_mohm: np.ndarray
    own_ohmic: np.ndarray
    spread: np.ndarray
    warmer_k: np.ndarray
    sudden: np.ndarray
    sudden_day: np.ndarray
    strap_factor: np.ndarray
    opens_day: np.ndarray
    partial_v: np.ndarray
    end_day: np.ndarray
    found_by: np.ndarray
    shelf_days: np.ndarray
    acid: np.ndarray
    exchange: np.ndarray
    depletion: np.ndarray

    def take(self, rows: np.ndarray) -> "Lives":
        """The same columns for some rows."""
        return Lives(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def rack_offset_k(site: SyntheticSite) -> np.ndarray:
    """How much warmer (K) each place is than its room: three tiers, cooler ends, small differences."""
    slot = np.arange(site.jars_per_string)
    tier = np.array([-0.5, 0.5, 1.5])[slot * 3 // site.jars_per_string]
    ends = np.where((slot == 0) | (slot == site.jars_per_string - 1), -0.3, 0.0)
    own = stream(site.seed, site.site, "rack").normal(0, 0.2, site.strings * site.jars_per_string)
    return np.tile(tier + ends, site.strings) + own


def _draw(site: SyntheticSite, epoch: int, number: int, installed: np.ndarray) -> dict[str, np.ndarray]:
    """A jar for every place, without its fate: the `number`-th since the string's `epoch`-th installation."""
    rng, n = stream(site.seed, site.site, "jars", epoch, number), installed.size
    batch = stream(site.seed, site.site, "batches", epoch).standard_normal(site.strings)
    batch = np.repeat(batch, site.jars_per_string)
    profile = site.world.profile(rng.random(n))
    mechanism = site.world.mechanism(rng.random(n), profile)
    scatter = 0.25 * np.sqrt(0.5) * (batch + rng.standard_normal(n))
    per_year = np.array([p.sudden_per_year for p in ageing.PROFILES])[profile]
    sudden_day = installed + rng.exponential(1 / per_year) * 365.25 + rng.random(n)
    return {
        "profile": profile,
        "mechanism": mechanism,
        "rate": np.array([p.rate for p in ageing.PROFILES])[profile] * np.exp(scatter) * site.world.rate,
        "initial": rng.normal(ageing.MEAN_INITIAL, CAPACITY_SD, n),
        "base_mohm": site.product.ohmic_mohm * rng.normal(1.0, OHMIC_SD, n).clip(0.85, 1.18),
        "own_ohmic": stream(site.seed, site.site, "own ohmic", epoch, number).standard_normal(n),
        "spread": rng.standard_normal(n),
        "sudden_day": sudden_day,
        "sudden": 1 + np.searchsorted(np.cumsum(SUDDEN_SHARES)[:-1], rng.random(n), side="right"),
        "strap_factor": 2.0 * 25.0 ** rng.random(n),
        "opens_day": sudden_day + rng.uniform(2.0, 10.0, n),  # a cracked weld lasts some days (Cellwatch)
        "partial_v": rng.uniform(0.3, 1.0, n),
        "shelf_days": rng.integers(40, 200, n),
        "repair": rng.integers(5, 22, n),
        "acid": 1 + ACID_SD * rng.standard_normal(n).clip(-2.5, 2.5),
        "exchange": np.exp(KINETIC_SD * rng.standard_normal(n).clip(-2.5, 2.5)),
        "depletion": np.exp(KINETIC_SD * rng.standard_normal(n).clip(-2.5, 2.5)),
    }


def _with_fate(
    site: SyntheticSite,
    key: tuple[int, int],
    jars: dict[str, np.ndarray],
    installed: np.ndarray,
    offset: np.ndarray,
) -> dict[str, np.ndarray]:
    """The jars with the day of their end (80 % or sudden) and the day on which they alone are replaced."""
    clock, origin = ageing_clock(site), first_day(site)
    systems = np.repeat(layout(site).system_of_string, site.jars_per_string)
    years = site.world.years_to_end(jars["rate"], jars["initial"]) / site.world.years(25 + offset)
    worn_out = np.empty(installed.size)
    for number, track in enumerate(clock):
        own = systems == number
        goal = track[np.minimum(installed[own] - origin, SPAN_DAYS)] + years[own]
        worn_out[own] = origin + np.interp(goal, track, np.arange(track.size), right=NEVER)
    horizon = origin + SPAN_DAYS
    left, cause = operators.taken_out(site, key, jars, installed, offset)
    left = left + 365.25 * site.world.stays(jars["rate"], jars["initial"])
    sudden = jars["sudden_day"] < np.minimum(left, horizon)
    alarmed, why = operators.strap_found(site, key, jars)
    ended = np.where(sudden, alarmed + jars["repair"], left)
    ended = np.where(ended < horizon, ended, NEVER).astype(np.int64)
    busy = [_under_test(site, n // site.jars_per_string, int(day)) for n, day in enumerate(ended)]
    return jars | {
        "installed": installed, "replaced": ended + 2 * np.array(busy),
        "sudden": np.where(sudden, jars["sudden"], 0),
        "end_day": np.where(sudden, np.minimum(jars["sudden_day"], worn_out), worn_out),
        "found_by": np.where(sudden, why, cause),
    }  # fmt: skip


def _under_test(site: SyntheticSite, string: int, day: int) -> bool:
    """Whether a string is being tested or recharged on a day: nobody swaps a jar then."""
    if day >= NEVER:
        return False
    month = month_of_day(day)
    if month_of_test(site, string) != month % 12:
        return False
    return 0 <= day - int(capacity_test(site, string, month).start_s // DAY_S) <= 1


def _epoch(site: SyntheticSite, epoch: int, born: np.ndarray, offset: np.ndarray) -> tuple[list, np.ndarray]:
    """All jars of every place from one installation of its string to the next, and the day of the next.

    A string is renewed as a whole at 80 % of its design life, or when more than 22 % of its jars had to be
    replaced within two years (SOURCES 3.4).
    """
    rng, jars = stream(site.seed, site.site, "renewal", epoch), site.jars_per_string
    planned = born + int(RENEWAL_AGE * DESIGN_YEARS * 365.25) + rng.integers(0, 180, site.strings)
    ordered = rng.integers(30, 61, site.strings)
    installed, last = np.repeat(born, jars), np.repeat(np.minimum(planned, NEVER), jars)
    chain: list[dict[str, np.ndarray]] = []
    while (installed < last).any():
        key = epoch, len(chain)
        chain.append(_with_fate(site, key, _draw(site, *key, installed), installed, offset))
        installed = np.where(installed < last, chain[-1]["replaced"], NEVER)
    by_string = [jar["replaced"].reshape(site.strings, jars) for jar in chain]
    failing = _too_many(
        np.sort(np.concatenate(by_string, axis=1), axis=1), int(np.ceil(RENEWAL_SHARE * jars))
    )
    renewed = np.minimum(np.minimum(planned, failing + ordered), NEVER)
    _run_away(site, chain, born, renewed)
    renewed += 2 * np.array([_under_test(site, n, int(day)) for n, day in enumerate(renewed)])
    return chain, renewed


def _run_away(site: SyntheticSite, chain: list, born: np.ndarray, renewed: np.ndarray) -> None:
    """Strings that an overcharge drives past their last equilibrium end then, and their jars with them."""
    clock, origin, jars = ageing_clock(site), first_day(site), site.jars_per_string
    for spell in overcharges(site):
        s, start, last = spell.string, int(spell.start_s // DAY_S), int(spell.end_s // DAY_S)
        if not born[s] < start < renewed[s]:
            continue
        own = slice(s * jars, (s + 1) * jars)
        level, serving = np.zeros(jars), []
        for jar in chain:
            here = (jar["installed"][own] <= start) & (start < jar["replaced"][own])
            serving.append(here)
            lived = (
                clock[spell.system, start - origin]
                - clock[spell.system, np.minimum(jar["installed"][own], start) - origin]
            )
            worn = ageing.wear(
                site.world.health(lived, jar["rate"][own], jar["initial"][own]), jar["initial"][own]
            )
            at_end = np.array([m.float_current for m in ageing.MECHANISMS])[jar["mechanism"][own]]
            level += np.where(here, np.log(ageing.float_current_ratio(worn, at_end)), 0.0)
        around = (
            room_daily_c(site)[spell.system, start - origin : last - origin + 1].mean() + 0.5 + spell.air_k
        )
        v_cell = site.product.float_v_cell + spell.excess_v_cell
        made = site.product
        amps = float(float_current_a(v_cell, around, np.exp(level.mean()), made))
        hours = hours_to_run_away(amps, made.cells * v_cell, spell.cooling * made.cooling_w_k, jar=made)
        if spell.start_s + 3600 * hours > spell.end_s:
            continue
        ended = spell.start_s / DAY_S + hours / 24
        renewed[s] = min(int(ended) + CLEARED_DAYS, renewed[s])
        for jar, here in zip(chain, serving, strict=True):
            still = here & (jar["replaced"][own] > ended)
            for name, value in (
                ("sudden", RUNAWAY),
                ("end_day", ended),
                ("sudden_day", ended),
                ("replaced", renewed[s]),
                ("found_by", operators.BY_ALARM),
            ):
                jar[name][own] = np.where(still, value, jar[name][own])


def _too_many(ends: np.ndarray, many: int) -> np.ndarray:
    """Day, per string, on which `many` of its jars (strings, ends in order) have failed within two years."""
    last = ends[:, many - 1 :]
    crowded = (last - ends[:, : last.shape[1]] <= RENEWAL_SPAN_DAYS) & (last < NEVER)
    first = last[np.arange(len(ends)), crowded.argmax(axis=1)]
    return np.where(crowded.any(axis=1), first, NEVER)


@lru_cache(maxsize=16)
def lives(site: SyntheticSite) -> Lives:
    """All jars that serve at the site from its first month to the horizon."""
    places, offset = site.strings * site.jars_per_string, rack_offset_k(site)
    origin, begin = first_day(site), start_day(site)
    born = origin + stream(site.seed, site.site, "birth").integers(0, 8 * 365, site.strings)
    parts, count, last_row, rows, epoch = [], np.zeros(places, dtype=int), np.full(places, -1), 0, 0
    while (born < origin + SPAN_DAYS).any():
        chain, renewed = _epoch(site, epoch, born, offset)
        until = np.repeat(renewed, site.jars_per_string)
        for jars in chain:
            replaced = np.minimum(jars["replaced"], until)
            serves = (jars["installed"] < np.minimum(until, origin + SPAN_DAYS)) & (replaced >= begin)
            columns = {f.name: jars[f.name] for f in fields(Lives) if f.name in jars} | {
                "position": np.arange(places), "generation": count.copy(), "replaced": replaced,
                "renewed": jars["replaced"] > until, "previous": last_row.copy(), "warmer_k": offset,
            }  # fmt: skip
            parts.append({name: values[serves] for name, values in columns.items()})
            last_row[serves] = rows + np.arange(serves.sum())
            rows += int(serves.sum())
            count += serves
        born, epoch = np.where(born < origin + SPAN_DAYS, renewed, NEVER), epoch + 1
    return Lives(**{f.name: np.concatenate([part[f.name] for part in parts]) for f in fields(Lives)})


def in_service(site: SyntheticSite, day: int, *, after_switch: bool) -> np.ndarray:
    """Rows of `lives`, one per position in order, before or after the day's swaps."""
    jars = lives(site)
    if after_switch:
        serving = (jars.installed <= day) & (day < jars.replaced)
    else:
        serving = (jars.installed < day) & (day <= jars.replaced)
    rows = np.flatnonzero(serving)
    return rows[np.argsort(jars.position[rows])]
