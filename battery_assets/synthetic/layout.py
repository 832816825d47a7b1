"""What stands where: systems, strings, sensors, codes and ids. Jar p = string x jars_per_string + slot."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.tables.identity import identity

UPS_STRINGS, RECTIFIER_STRINGS = 6, 3


@dataclass(frozen=True)
class System:
    """A UPS or rectifier with its strings, in a battery room of its own.

    A UPS discharges at `load_w` per jar, a rectifier at `load_a`; `charge_a` limits each string's recharge.
    """

    number: int
    kind: str
    code: str
    system_id: str
    strings: tuple[int, ...]
    load_w: float
    load_a: float
    charge_a: float
    setpoint_error: float
    inductance_h: float
    unbalance: float


@dataclass(frozen=True)
class Layout:
    """All of a site's fixed things, strings in order of their number."""

    location_id: str
    location_code: str
    systems: tuple[System, ...]
    string_ids: tuple[str, ...]
    string_codes: tuple[str, ...]
    sensor_ids: tuple[str, ...]
    sensor_codes: tuple[str, ...]

    @property
    def system_of_string(self) -> np.ndarray:
        """System number of every string."""
        return np.repeat([s.number for s in self.systems], [len(s.strings) for s in self.systems])

    def system(self, string: int) -> System:
        """The system a string belongs to."""
        return self.systems[int(self.system_of_string[string])]


def _location_code(site: SyntheticSite) -> str:
    # SYN keeps clear of real codes; the hash keeps two sites of one place apart.
    tail = "01" if site.site == site.place else hashlib.sha256(site.site.encode()).hexdigest()[:6].upper()
    return f"SYN-{PLACES[site.place].code}-{tail}"


def _groups(strings: int) -> list[tuple[str, int]]:
    """Two thirds of the strings on UPS, the rest on rectifiers, no system larger than the reference's."""
    groups = []
    for kind, count, most in (
        ("UPS", strings - strings // 3, UPS_STRINGS),
        ("RECTIFIER", strings // 3, RECTIFIER_STRINGS),
    ):
        while count > 0:
            groups.append((kind, min(count, most)))
            count -= most
    return groups


def _system(site: SyntheticSite, number: int, kind: str, code: str, strings: tuple[int, ...]) -> System:
    rng = stream(site.seed, site.site, "system", number)
    load_w, load_a, error, unbalance = (
        rng.uniform(900, 1500) * site.world.six_cells,
        rng.uniform(25, 45),
        rng.normal(),
        rng.uniform(0, 0.02),
    )
    is_ups = kind == "UPS"
    return System(
        number, kind, code, identity("battery_system", site.site, code), strings,
        load_w=load_w if is_ups else 0.0, load_a=0.0 if is_ups else load_a,
        charge_a=18.0 if is_ups else 24.0, setpoint_error=0.0015 * error,
        inductance_h=rng.uniform(0.4e-3, 0.9e-3) if is_ups else rng.uniform(1.5e-3, 2.5e-3),
        unbalance=unbalance,
    )  # fmt: skip


@lru_cache(maxsize=64)
def layout(site: SyntheticSite) -> Layout:
    """The fixed things of a site."""
    location = _location_code(site)
    counts = {"UPS": 0, "RECTIFIER": 0}
    systems: list[System] = []
    string_codes: list[str] = []
    for number, (kind, count) in enumerate(_groups(site.strings)):
        counts[kind] += 1
        code = f"{location}-{kind[:3]}-{counts[kind]:02d}"
        strings = tuple(range(len(string_codes), len(string_codes) + count))
        systems.append(_system(site, number, kind, code, strings))
        string_codes += [f"{code}-S{place + 1}" for place in range(count)]
    sensors = [f"{location}-ENV{n + 1:02d}" for n in range(2 * len(systems))]
    return Layout(
        identity("location", site.site, location), location, tuple(systems),
        tuple(identity("string", site.site, code) for code in string_codes), tuple(string_codes),
        tuple(identity("environmental_sensor", site.site, code) for code in sensors), tuple(sensors),
    )  # fmt: skip
