"""Master data of a site as known at the end of a month; nothing in it tells what the generator knows."""

from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, day_date, instant, month_days, month_index
from battery_assets.synthetic.catalogue import INSTANT, Columns, model_id
from battery_assets.synthetic.identifiers import battery_codes, battery_ids
from battery_assets.synthetic.layout import System, layout
from battery_assets.synthetic.lives import SWITCH_S, lives
from battery_assets.synthetic.rectifier_faults import supply
from battery_assets.synthetic.schedule import last_capacity_test
from battery_assets.synthetic.site import PLACES, SyntheticSite

WARRANTY_DAYS = 3 * 365
DATES: Columns = {"created_at": INSTANT, "updated_at": INSTANT}


def master(site: SyntheticSite, month: str, now: datetime | None = None) -> dict[str, pl.DataFrame]:
    """`location`, `battery_system`, `string`, `battery`, `environmental_sensor` at the end of a month, or
    `now` where it has not ended.

    A jar that left stays as a row with its date, 'replaced' for its own sake or 'retired' with its string;
    its successor names it. Raises
    ValueError for a month outside the site's life.
    """
    site.first_day(month)
    index = month_index(month)
    end_s = float(month_days(index)[1] * DAY_S)
    now_s = np.inf if now is None else now.timestamp()
    first_installed = _string_births(site)
    return {
        "location": _location(site, int(first_installed.min())),
        "battery_system": _systems(site, first_installed),
        "string": _strings(site, index, now_s, first_installed),
        "battery": _batteries(site, min(end_s, now_s)),
        "environmental_sensor": _sensors(site),
    }


def _string_births(site: SyntheticSite) -> np.ndarray:
    """Day on which the oldest jar of each string was installed, as seen at the site's first month."""
    jars = lives(site)
    early = jars.generation == 0
    births = np.full(site.strings, 10**9)
    np.minimum.at(births, jars.position[early] // site.jars_per_string, jars.installed[early])
    return births


def _at(day: int, second: float = SWITCH_S):
    return instant(day * DAY_S + second)


def _location(site: SyntheticSite, born: int) -> pl.DataFrame:
    place, plan = PLACES[site.place], layout(site)
    return pl.DataFrame([{
        "location_id": plan.location_id, "location_code": plan.location_code,
        "location_name": f"{place.title} (synthetic)", "region": place.region, "city": place.city,
        "latitude": place.latitude, "longitude": place.longitude, "timezone": "Asia/Bangkok",
        "commissioned_date": day_date(born), "is_active": True, "created_at": _at(born),
        "updated_at": _at(born),
    }], schema_overrides=DATES)  # fmt: skip


def _systems(site: SyntheticSite, births: np.ndarray) -> pl.DataFrame:
    def row(system: System) -> dict:
        born = int(births[list(system.strings)].min())
        is_ups = system.kind == "UPS"
        return {
            "system_id": system.system_id, "location_id": layout(site).location_id,
            "system_code": system.code,
            "system_type": system.kind,
            "system_name": f"{'UPS' if is_ups else 'Rectifier'} {system.number + 1}",
            "manufacturer": "Synthetic", "model": "Double conversion" if is_ups else "Switch mode",
            "rated_power_kva": (80.0 if is_ups else 40.0) * len(system.strings),
            "rectifier_pulses": supply(site, system).bridge.pulses,
            "installed_date": day_date(born),
            "is_active": True, "created_at": _at(born), "updated_at": _at(born),
        }  # fmt: skip

    return pl.DataFrame([row(system) for system in layout(site).systems], schema_overrides=DATES)


def _strings(site: SyntheticSite, month: int, now_s: float, births: np.ndarray) -> pl.DataFrame:
    rows, plan = [], layout(site)
    for system in plan.systems:
        for place, number in enumerate(system.strings):
            born = int(births[number])
            test = last_capacity_test(site, number, month)
            if now_s < test.start_s + DAY_S:  # on the day after, its result is there
                test = last_capacity_test(site, number, month - 12)
            tested = int(test.start_s // DAY_S)
            rows.append({
                "string_id": plan.string_ids[number], "system_id": system.system_id,
                "string_code": plan.string_codes[number], "string_position": place + 1,
                "batteries_count": site.jars_per_string,
                "nominal_voltage_v": 12.0 * site.world.six_cells * site.jars_per_string,
                "installed_date": day_date(born), "last_capacity_test_date": day_date(max(tested, born)),
                "is_active": True, "created_at": _at(born), "updated_at": _at(max(tested, born), 12 * 3600),
            })  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=DATES)


def _batteries(site: SyntheticSite, until_s: float) -> pl.DataFrame:
    jars, ids, codes = lives(site), battery_ids(site), battery_codes(site)
    rng = stream(site.seed, site.site, "acceptance")
    # One reading each when installed: the acceptance test (mostly 1 %), the hand-held instrument (1.5 %).
    capacity = (
        site.product.rated_ah
        * jars.initial
        * (1 + site.world.acceptance_sd * rng.standard_normal(jars.initial.size))
    )
    ohms = jars.base_mohm * (1 + 0.015 * rng.standard_normal(jars.initial.size))
    strings = layout(site).string_ids
    maker, model, rows = site.world.model[:2], model_id(site.world), []
    for n in np.flatnonzero(jars.installed * DAY_S + SWITCH_S < until_s):
        gone = bool(jars.replaced[n] * DAY_S + SWITCH_S < until_s)
        position, installed = int(jars.position[n]), int(jars.installed[n])
        made = day_date(installed - int(jars.shelf_days[n]))
        rows.append({
            "battery_id": ids[n], "string_id": strings[position // site.jars_per_string],
            "model_id": model,
            "battery_code": codes[n], "serial_number": f"{maker}{made:%y%m}{ids[n][:6].upper()}",
            "position_in_string": position % site.jars_per_string + 1,
            "manufacture_date": made, "installed_date": day_date(installed),
            "warranty_expiry_date": day_date(installed + WARRANTY_DAYS),
            "initial_capacity_ah": round(float(capacity[n]), 2),
            "initial_resistance_mohm": round(float(ohms[n]), 3),
            "status": ("retired" if jars.renewed[n] else "replaced") if gone else "active",
            "replacement_of": ids[jars.previous[n]] if jars.previous[n] >= 0 else None,
            "replaced_date": day_date(int(jars.replaced[n])) if gone else None,
            "created_at": _at(installed), "updated_at": _at(int(jars.replaced[n]) if gone else installed),
        })  # fmt: skip
    schema = DATES | {"replacement_of": pl.String, "replaced_date": pl.Date}
    return pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None)


def _sensors(site: SyntheticSite) -> pl.DataFrame:
    plan = layout(site)
    sides = [(n // 2 + 1, "back" if n % 2 else "front") for n in range(len(plan.sensor_ids))]
    return pl.DataFrame({
        "sensor_id": plan.sensor_ids, "location_id": [plan.location_id] * len(plan.sensor_ids),
        "sensor_code": plan.sensor_codes, "sensor_type": ["combined"] * len(plan.sensor_ids),
        "zone": [f"Battery Room {room}, {side}" for room, side in sides],
        "is_active": [True] * len(plan.sensor_ids),
    })  # fmt: skip
