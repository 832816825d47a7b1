"""Mode and flags are what voltage and current show: a reader who has only those finds the same."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S, day_date, month_index
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import NEVER
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.telemetry import string_day
from battery_assets.synthetic.site import SyntheticSite

SITE = SyntheticSite.from_config("alpha", {"place": "hat-yai", "seed": 2, "interval_s": 60, "strings": 6})
QUICK = SyntheticSite.from_config("alpha", {"place": "hat-yai", "seed": 2, "interval_s": 5, "strings": 6})


def first_of(kind: str):
    months = range(month_index("2024-01"), month_index("2026-01"))
    return next(e for m in months for e in month_events(SITE, m) if e.kind == kind)


@cache
def rows_around(kind: str, days: int, quick: bool = False) -> pl.DataFrame:
    """Rows of the string of the first event of a kind, from its day on."""
    site, event = (QUICK if quick else SITE), first_of(kind)
    first = int(event.start_s // DAY_S)
    rows = pl.concat([string_day(site, day_date(first + k)) for k in range(days)]).unique()
    return rows.filter(pl.col("string_id") == layout(site).string_ids[event.string]).sort("ts")


def read_off(rows: pl.DataFrame) -> np.ndarray:
    """Mode from V and I alone: what lies above float without a discharge before it is an equalising charge."""
    volts, amps = rows["voltage_v"].to_numpy() / 24, rows["current_a"].to_numpy()
    second = rows["ts"].dt.epoch("s").to_numpy()
    mode = np.full(volts.size, "float", dtype=object)
    mode[(np.abs(amps) < 0.5) & (volts < 13.0)] = "idle"
    charging = (amps > 0.02 * 120) | (volts > 13.95)
    drawn = amps < -1.0
    last_drawn = np.maximum.accumulate(np.where(drawn, second, -NEVER))
    mode[charging] = np.where(second - last_drawn < 20 * 3600, "boost", "equalize")[charging]
    mode[drawn] = "discharge"
    return mode


@pytest.mark.parametrize(("kind", "days", "modes"), [
    ("capacity_test", 2, {"float", "discharge", "idle", "boost"}), ("equalize", 2, {"float", "equalize"}),
    ("transfer", 1, {"float", "boost"}),
])  # fmt: skip
def test_the_mode_is_what_voltage_and_current_show(kind, days, modes):
    rows = rows_around(kind, days)
    told = rows["mode"].to_numpy()
    assert modes <= set(told)
    assert (read_off(rows) == told).mean() > 0.999


def test_the_equalize_flag_covers_the_raised_voltage_and_nothing_else():
    rows = rows_around("equalize", 2)
    raised = rows["voltage_v"].to_numpy() / 24 > 13.95
    flagged = rows["equalize_flag"].to_numpy()
    assert 11 * 60 < flagged.sum() < 13 * 60
    assert (raised == flagged).mean() > 0.99


def test_a_transfer_flag_leads_the_current_by_a_sample_at_most():
    rows = rows_around("transfer", 1, quick=True)
    flagged, amps = rows["transfer_event_flag"].to_numpy(), rows["current_a"].to_numpy()
    begins = np.flatnonzero(flagged & ~np.roll(flagged, 1))
    assert begins.size >= 1
    for begin in begins:
        lasts = int(flagged[begin:].argmin()) if not flagged[begin:].all() else flagged.size - begin
        assert lasts == 1 or amps[begin : begin + 2].min() < -10
    assert flagged[(amps < -1.0)].all()


def test_a_generator_test_without_transfer_shows_no_battery_current():
    months = range(month_index("2024-01"), month_index("2025-01"))
    quiet = next(e for m in months for e in month_events(SITE, m)
                 if e.kind == "generator_test" and not e.discharges)  # fmt: skip
    rows = string_day(SITE, day_date(int(quiet.start_s // DAY_S)))
    tested = rows.filter(
        pl.col("generator_test_flag"), pl.col("string_id") == layout(SITE).string_ids[quiet.string]
    )
    assert tested.height >= 19
    assert tested["current_a"].abs().max() < 1.0
    assert not tested["transfer_event_flag"].any()


def test_a_recharge_is_constant_current_then_constant_voltage_and_returns_a_little_more():
    event, rows = first_of("capacity_test"), rows_around("capacity_test", 3)
    happened, limit = run(SITE, event), layout(SITE).system(event.string).charge_a
    since = rows["ts"].dt.epoch("s").to_numpy() - happened.charge_start_s
    amps, volts = rows["current_a"].to_numpy(), rows["voltage_v"].to_numpy() / 24
    bulk = (since > 60) & (since < happened.recharge.constant_s - 120)
    assert amps[bulk] == pytest.approx(limit, rel=0.03)
    assert np.polyfit(since[bulk], volts[bulk], 1)[0] > 0
    held = (since > happened.recharge.constant_s + 300) & (since < happened.boost_s - 300)
    assert np.ptp(volts[held]) < 0.12
    assert (np.diff(amps[held][::10]) < 0.05).all()
    assert volts[held].mean() == pytest.approx(14.4, abs=0.2)
    returned = amps[(since > 0) & (amps > 0.5)].sum() * 60 / 3600
    assert 1.03 < returned / happened.load.removed_ah < 1.10
    assert happened.boost_s < 15 * 3600
    # The boost ends by the current: two hours after it has fallen to 0.02 C.
    end = np.flatnonzero(held)[-1]
    assert amps[end] < 0.02 * HX12_120.rated_ah
