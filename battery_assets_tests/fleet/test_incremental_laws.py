"""Laws look at the days that changed, and stay red for an old one."""

from datetime import date

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform.days import plan
from battery_assets.platform.warehouse.replacing import Claimed
from battery_assets_tests.worlds.months.nightly import LAST
from battery_assets_tests.worlds.months.replaced import replaced


def test_a_check_looks_at_days_that_changed_and_stays_red_for_an_old_one(site, monkeypatch):
    from battery_assets.features.laws import jar_sum as law
    from battery_assets.fleet.p2_raw_timeseries.checks import jar_sum

    looked: list[date] = []
    sums = law.jar_sums

    def seen(*given: pl.DataFrame) -> pl.DataFrame:
        found = sums(*given)
        looked.extend(found["hour"].dt.date().mode().to_list())
        return found

    monkeypatch.setattr(law, "jar_sums", seen)

    def judged(part=site.part):
        looked.clear()
        verdict = jar_sum(site.warehouse, part)
        return sorted(looked), verdict.holds, verdict.words, dict(verdict.facts)

    days = [date(2025, 2, day) for day in range(1, 29)]
    from_scratch = Claimed(site.part.site, site.part.month, from_scratch=True)
    # What leaves strings out has asked already.
    assert judged()[:2] == ([], True)
    healthy = judged(from_scratch)
    assert healthy[:2] == (days, True)
    assert judged() == ([], *healthy[1:])
    raw = site.rows(t.telemetry_jar_raw)
    bad = pl.col("ts").dt.date().is_in([date(2025, 2, 5), date(2025, 2, 6)])
    off = pl.when(bad).then(pl.col("voltage_v") * 1.1).otherwise("voltage_v")
    replaced(site, t.telemetry_jar_raw, lambda rows: rows.with_columns(voltage_v=off))
    red = judged()
    assert red[:2] == ([date(2025, 2, day) for day in (5, 6, 7)], False)
    assert "2025-02-05 00:00 to 2025-02-06 23:00 UTC" in red[2]
    assert judged() == ([], *red[1:])
    assert judged(from_scratch) == (days, *red[1:])
    monkeypatch.setattr(plan, "code_version", lambda by: "another")
    assert judged() == (days, *red[1:])
    replaced(site, t.telemetry_jar_raw, lambda rows: raw)
    assert judged()[1:] == healthy[1:]


@pytest.mark.parametrize(
    ("name", "table", "column", "reduces"),
    [
        ("power_law", t.telemetry_string_calc, "power_w", "power_evidence"),
        ("soc_law", t.telemetry_jar_calc, "soc_pct", "largest_discharge"),
    ],
)
def test_laws_of_power_and_charge_look_at_days_that_changed_and_stay_red_for_an_old_one(
    site, monkeypatch, name, table, column, reduces
):
    from battery_assets.features.laws import charge_balance
    from battery_assets.fleet.p4_calculated_telemetry import checks

    reduce, looked, shares = getattr(charge_balance, reduces), [], {}

    def seen(*given):
        found = reduce(*given)
        looked.append(given[0] if isinstance(given[0], date) else given[0]["ts"][0].date())
        shares[looked[-1]] = getattr(found, "share", 0.0)
        return found

    monkeypatch.setattr(charge_balance, reduces, seen)

    def judged():
        looked.clear()
        verdict = getattr(checks, name)(site.warehouse, site.part)
        return sorted(looked), verdict.holds, verdict.words, dict(verdict.facts)

    healthy = judged()
    assert len(healthy[0]) > 1
    assert healthy[1], healthy[2]
    assert healthy[3], "nothing was judged"
    assert judged() == ([], *healthy[1:])
    # Of the state of charge the month's largest discharge is judged; of power every day.
    old = max(shares, key=shares.__getitem__)
    assert old < LAST
    # Rows that were read and are put back may lie in other bytes: all days are looked at once more.
    sound, wrong = site.rows(table), pl.col("ts").dt.date() == old
    replaced(site, table, lambda rows: rows)
    assert judged()[1:] == healthy[1:]
    spoiled = pl.when(wrong).then(55.0).otherwise(column).alias(column)
    replaced(site, table, lambda rows: rows.with_columns(spoiled))
    red = judged()
    assert red[:2] == ([old], False)
    assert f"{old}" in red[2]
    assert judged() == ([], *red[1:])
    replaced(site, table, lambda rows: sound)
    assert judged() == ([old], *healthy[1:])
