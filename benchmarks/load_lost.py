"""When a string of the generator truly no longer carries a load, by wear alone and with its jars of today."""

import numpy as np

from battery_assets.features.ride_through.ahead import LAST_DAY
from battery_assets.features.ride_through.riding import Load, ride
from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.ten_hour_test import made_for_health
from battery_assets.synthetic.calendar import month_days, month_index
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.lives import in_service, lives
from battery_assets.synthetic.site import SyntheticSite

DAYS = np.array([0.0, 60, 120, 182, 270, 365, 548, 730, 1096, 1461, 1826, 2557, LAST_DAY])
ROOM_C = 26.0


def lost_days(site: SyntheticSite, month: str, string: int, load: dict) -> float:
    """Days from the end of a month until a string's true minutes are below required_min; inf beyond 10 years.

    NaN where a jar of it has failed at once already.
    """
    end = month_days(month_index(month))[1]
    rows = in_service(site, end - 1, after_switch=True).reshape(site.strings, -1)[string]
    jars = lives(site).take(rows)
    if ((jars.sudden > 0) & (jars.sudden_day <= end)).any():
        return np.nan
    asked = Load(load["load_kind"], load["level"], load["end_voltage_v_cell"])
    before, required = np.inf, load["required_min"]
    for k, day in enumerate(DAYS):
        minutes = _minutes(site, rows, end + day, asked)
        if minutes < required:
            share = (before - required) / max(before - minutes, 1e-9) if k else 0.0
            return float(DAYS[max(k - 1, 0)] + share * (day - DAYS[max(k - 1, 0)]))
        before = minutes
    return np.inf


def _minutes(site: SyntheticSite, rows: np.ndarray, when: float, load: Load) -> float:
    """What the string would give as it will have worn."""
    now, made, product = condition(site, rows, when, by_wear_alone=True), lives(site).take(rows), site.product
    scale = ageing.capacity_scale(now.soh) * product.acceptance_scale
    none = np.zeros(rows.size)
    jars = Jars(
        made_for_health(scale, made.acid, made.exchange, made.depletion, product),
        now.resistance_mohm / product.ohmic_mohm, ROOM_C + made.warmer_k, now.cells, none, none,
        made.acid, made.exchange, made.depletion,
    )  # fmt: skip
    return ride(jars, State.full(rows.size), load, product).minutes
