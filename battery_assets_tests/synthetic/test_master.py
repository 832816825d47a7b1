"""Master data and the lives behind it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.physics.ageing import PROFILES
from battery_assets.synthetic.calendar import start_day
from battery_assets.synthetic.catalogue import battery_models, users
from battery_assets.synthetic.lives import in_service, lives
from battery_assets.synthetic.master import master
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.truth import truth
from battery_assets.tables.projections import polars_schema

SITE = SyntheticSite.from_config("alpha", {"place": "hat-yai", "seed": 11})


@pytest.mark.parametrize("name", ["location", "battery_system", "string", "battery", "environmental_sensor"])
def test_master_frames_have_the_reference_columns(name):
    assert dict(master(SITE, "2024-05")[name].schema) == polars_schema(getattr(t, name))


def test_the_catalogue_has_the_reference_columns():
    assert dict(battery_models().schema) == polars_schema(t.battery_model)
    assert dict(users().schema) == polars_schema(t.user)
    assert users()["email"].str.ends_with("@example.com").all()


def test_every_place_in_a_string_holds_one_jar_in_service():
    for day in range(start_day(SITE), start_day(SITE) + 200):
        assert in_service(SITE, day, after_switch=False).size == 216
        assert in_service(SITE, day, after_switch=True).size == 216


def test_a_string_is_renewed_as_a_whole_when_it_is_old_or_has_lost_too_many():
    jars = lives(SITE)
    known = jars.renewed & (jars.replaced < start_day(SITE) + 14 * 365)
    for string in range(SITE.strings):
        own = (jars.position // 24 == string) & known
        assert own.any()
        for day in np.unique(jars.replaced[own]):
            new = (jars.position // 24 == string) & (jars.installed == day)
            assert new.sum() == 24
            left = (jars.position // 24 == string) & (jars.replaced == day)
            failed = (jars.position // 24 == string) & ~jars.renewed & (jars.replaced > day - 900)
            failed &= jars.replaced <= day
            old = (day - jars.installed[left]).max() / 365.25
            assert 7.9 < old < 8.6 or failed.sum() >= 6, (string, day, old)


def test_a_replaced_jar_stays_on_file_and_its_successor_names_it():
    jars = master(SITE, "2024-12")["battery"]
    gone = jars.filter(pl.col("status").is_in(["replaced", "retired"]))
    assert gone.height > 5
    assert gone["replaced_date"].null_count() == 0
    named = jars.join(gone, left_on="replacement_of", right_on="battery_id", suffix="_old")
    assert set(named["replacement_of"]) == set(gone["battery_id"])
    assert (named["installed_date"] == named["replaced_date_old"]).all()
    assert (named["position_in_string"] == named["position_in_string_old"]).all()
    assert jars["battery_code"].n_unique() == jars.height == jars["battery_id"].n_unique()
    assert jars["battery_code"].str.len_chars().max() <= 40


def test_an_earlier_month_does_not_know_of_later_replacements():
    early, late = (master(SITE, month)["battery"] for month in ("2024-02", "2027-12"))
    assert (
        early.filter(pl.col("status") == "replaced").height
        < late.filter(pl.col("status") == "replaced").height
    )
    assert set(early["battery_id"]) <= set(late["battery_id"])
    assert set(early["status"]) | set(late["status"]) == {"active", "replaced", "retired"}


def test_new_jars_are_healthy_accelerated_and_failing_as_85_12_3():
    shares = [0.0, 0.0, 0.0]
    count = 0
    for seed in range(6):
        jars = lives(SyntheticSite.from_config("alpha", {"place": "hat-yai", "seed": seed}))
        for kind in range(3):
            shares[kind] += int((jars.profile[jars.generation > 0] == kind).sum())
        count += int((jars.generation > 0).sum())
    assert [s / count for s in shares] == pytest.approx([p.share for p in PROFILES], abs=0.04)


def test_the_fleet_is_in_a_steady_state():
    jars = lives(SITE)
    first = start_day(SITE)
    per_year = [
        int(((jars.replaced >= first + 365 * y) & (jars.replaced < first + 365 * (y + 1))).sum())
        for y in range(14)
    ]
    # About an eighth of the jars leaves with a string each year, a twentieth for its own sake.
    assert 25 < sum(per_year[:7]) / 7 < 60
    assert sum(per_year[:7]) == pytest.approx(sum(per_year[7:]), rel=0.5)


def test_truth_stays_apart_and_knows_failures():
    known = truth(SITE, "2024-12")
    assert {"truth_id", *known.columns} == set(polars_schema(t.jar_truth))
    ended = known.filter(pl.col("failure_date") <= pl.date(2024, 12, 31))
    worn = ended.filter(pl.col("mechanism").is_in(["corrosion", "dry_out", "sulfation"]))
    assert (worn["soh_pct"] < 80.1).all()
    assert known["soh_pct"].median() > 85


def test_the_running_month_knows_nothing_of_its_later_days():
    jars = lives(SITE)
    month = next(
        f"2024-{n:02d}"
        for n in range(1, 13)
        if (master(SITE, f"2024-{n:02d}")["battery"]["replaced_date"].dt.month() == n).any()
    )
    end = master(SITE, month)["battery"]
    swapped = end.filter(pl.col("replaced_date").dt.strftime("%Y-%m") == month)["replaced_date"].min()
    morning = datetime(swapped.year, swapped.month, swapped.day, tzinfo=UTC)
    assert jars.installed.size > end.height, "more jars will come"
    for now, gone in ((morning + timedelta(hours=2), 0), (morning + timedelta(hours=4), 1)):
        seen = master(SITE, month, now)["battery"]
        of_day = seen.filter(pl.col("replaced_date") == swapped)
        assert (of_day.height > 0) == gone, now
        assert (seen["installed_date"].max() == swapped) == gone
        assert seen["updated_at"].max() <= now
    # Once the month is over, all that happened in it is known, whatever the time.
    assert master(SITE, month, morning + timedelta(days=400))["battery"].equals(end)


def test_a_capacity_test_of_tomorrow_is_no_date_of_today():
    ends = {f"2024-{n:02d}": master(SITE, f"2024-{n:02d}")["string"] for n in range(2, 13)}
    for month, strings in ends.items():
        tested = strings.filter(pl.col("last_capacity_test_date").dt.strftime("%Y-%m") == month)
        if tested.height:
            break
    [of_string, day] = tested.select("string_id", "last_capacity_test_date").row(0)
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1)
    seen = master(SITE, month, before)["string"]
    then = seen.filter(string_id=of_string)["last_capacity_test_date"].item()
    assert then < day
    assert seen["last_capacity_test_date"].max() <= before.date()
    assert seen["updated_at"].max() <= before
