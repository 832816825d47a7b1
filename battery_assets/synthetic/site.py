"""A synthetic site: where it stands, how many strings it has, and the seed that decides everything else."""

import re
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from typing import Any

from battery_assets.physics import climate
from battery_assets.physics.climate import Climate
from battery_assets.physics.parameters.vrla_12v120ah import Vrla12V120Ah
from battery_assets.synthetic.worlds import MATCHED, WORLDS, World

SITE_ID = re.compile(r"^[a-z0-9][a-z0-9_-]{0,30}$")
SITE_WORDS = "lower-case letters, digits, - and _, 31 at most, beginning with a letter or digit"
MONTH = re.compile(r"^(19|20)\d\d-(0[1-9]|1[0-2])$")
HORIZON_YEARS = 15


@dataclass(frozen=True)
class Place:
    """A Thai place of the fleet; `outages_per_year` are sustained grid outages (general knowledge)."""

    title: str
    code: str
    region: str
    city: str
    latitude: float
    longitude: float
    climate: Climate
    outages_per_year: float


PLACES: dict[str, Place] = {
    "chiangmai": Place(
        "Chiangmai", "CNX", "northern", "Chiangmai", 18.7883, 98.9853, climate.CHIANG_MAI, 4.0
    ),
    "khon-kaen": Place(
        "Khon Kaen", "KKN", "northeastern", "Khon Kaen", 16.4322, 102.8236, climate.KHON_KAEN, 4.0
    ),
    "nonthaburi": Place(
        "Nonthaburi", "NTB", "central", "Nonthaburi", 13.8598, 100.5254, climate.BANGKOK, 1.5
    ),
    "bangrak": Place("Bangrak", "BRK", "central", "Bangkok", 13.7248, 100.5310, climate.BANGKOK, 1.0),
    "phrakhanong": Place("Phrakhanong", "PKN", "central", "Bangkok", 13.7051, 100.6040, climate.BANGKOK, 1.0),
    "sriracha": Place("Sriracha", "SRC", "eastern", "Sriracha", 13.1664, 100.9308, climate.SRIRACHA, 3.0),
    "surat-thani": Place(
        "Surat Thani", "URT", "southern", "Surat Thani", 9.1355, 99.3331, climate.SURAT_THANI, 4.5
    ),
    "phuket": Place("Phuket", "PKT", "southern", "Phuket", 7.8804, 98.3923, climate.PHUKET, 3.5),
    "hat-yai": Place("Hat Yai", "HDY", "southern", "Hat Yai", 7.0061, 100.4667, climate.HAT_YAI, 4.0),
}


def _require(good: bool, key: str, value: object, allowed: str) -> None:
    if not good:
        raise ValueError(f"synthetic site: {key} = {value!r} is not allowed; give {allowed}")


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


@dataclass(frozen=True)
class SyntheticSite:
    """What decides a synthetic site; equal values give equal bytes. `start` is its first month, YYYY-MM.

    Raises ValueError that names the field, its value and what is allowed.
    """

    site: str
    place: str
    seed: int
    interval_s: int
    strings: int
    jars_per_string: int = 24
    start: str = "2024-01"
    world: World = MATCHED

    def __post_init__(self) -> None:
        _require(isinstance(self.site, str) and bool(SITE_ID.match(self.site)), "site", self.site, SITE_WORDS)
        _require(self.place in PLACES, "place", self.place, f"one of {', '.join(PLACES)}")
        _require(_whole(self.seed, 0, 2**63), "seed", self.seed, "a whole number from 0")
        good = _whole(self.interval_s, 1, 3600) and 86_400 % self.interval_s == 0
        _require(good, "interval_s", self.interval_s, "whole seconds, 1 to 3600, that divide a day")
        _require(_whole(self.strings, 1, 36), "strings", self.strings, "1 to 36")
        _require(_whole(self.jars_per_string, 2, 60), "jars_per_string", self.jars_per_string, "2 to 60")
        good = isinstance(self.start, str) and bool(MONTH.match(self.start))
        _require(good, "start", self.start, "a month as YYYY-MM")

    @classmethod
    def from_config(cls, site: str, config: dict) -> "SyntheticSite":
        """A site from its settings; `place` is required. Raises ValueError on a bad key or value."""
        allowed = [field.name for field in fields(cls) if field.name != "site"]
        for key, value in config.items():
            _require(key in allowed, key, value, f"only the keys {', '.join(allowed)}")
        _require("place" in config, "place", None, f"one of {', '.join(PLACES)}")
        world = config.get("world", MATCHED.name)
        _require(world in WORLDS, "world", world, f"one of {', '.join(WORLDS)}")
        made = {"seed": 0, "interval_s": 5, "strings": 9, **config}
        return cls(site=site, **made | {"world": WORLDS[world]})

    @property
    def product(self) -> Vrla12V120Ah:
        """What its jars are."""
        return self.world.product

    @cached_property
    def by_minutes(self) -> "SyntheticSite":
        """The site with a sample a minute: what no interval changes is made of it, once for all intervals."""
        return replace(self, interval_s=60)

    def first_day(self, month: str) -> date:
        """The month's first day. Raises ValueError outside the site's life (`start` + 15 years)."""
        _require(isinstance(month, str) and bool(MONTH.match(month)), "month", month, "a month as YYYY-MM")
        last = f"{int(self.start[:4]) + HORIZON_YEARS}{self.start[4:]}"
        _require(self.start <= month < last, "month", month, f"{self.start} up to, not including, {last}")
        return date(int(month[:4]), int(month[5:]), 1)


def fleet(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Settings by name of the nine sites of the reference: a site at each place, named after it."""
    return {place: {"place": place, **made} for place in PLACES}
