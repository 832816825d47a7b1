"""Damage, deaths and late writers: a partition is whole, or is made again."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import day_plan
from battery_assets.platform.lake import store as lake
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.registry.staleness import mark_stale
from battery_assets.platform.warehouse import replacing
from battery_assets_tests.worlds.months.nightly import CONFIG, LAST, FromScratch, Site
from battery_assets_tests.worlds.months.replaced import CALC, SAME, changed_raw, flipped, replaced
from battery_assets_tests.worlds.writers import files_on_disk


@pytest.mark.parametrize(
    "damage",
    [flipped, Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])],
    ids=["bit", "gone", "cut"],
)
def test_a_damaged_file_is_not_kept(site, at_once, damage):
    damaged = {}
    for table in (t.telemetry_jar_raw, t.telemetry_jar_calc):
        path = Path(site.warehouse.lake.table_url(table)) / site.warehouse.lake.paths(table, site.part)[6]
        damage(path)
        damaged[table.name] = path.name
    site.run()
    assert all(name.startswith("2025-02-07") for name in damaged.values())
    assert site.made()["telemetry_jar_raw"] == (1, 27)
    assert site.made()["telemetry_jar_calc"] == (22, 6)
    assert site.made()["feature_store"] == (0, 28), "the file that was made again is the same file"
    assert site.checksums(SAME) == at_once.checksums(SAME)
    for table in (t.telemetry_jar_raw, t.telemetry_jar_calc):
        site.warehouse.verify(table, site.part)


def test_rows_that_somebody_took_away_are_made_again(site, at_once):
    with site.warehouse.transaction() as connection:
        gone = t.feature_store.c.feature_ts == datetime(2025, 2, 9, 5, tzinfo=UTC)
        assert connection.execute(sa.delete(t.feature_store).where(gone)).rowcount
    site.run(only=[t.feature_store])
    assert site.made() == {"feature_store": (28, 0)}
    assert site.checksums([t.feature_store]) == at_once.checksums([t.feature_store])
    assert site.rows(t.feature_store).equals(at_once.rows(t.feature_store))


def test_a_partition_that_became_stale_keeps_no_day(site):
    with site.warehouse.transaction() as connection:
        mark_stale(connection, t.feature_store, site.part)
    site.run(only=[t.feature_store, t.telemetry_jar_calc])
    assert site.made() == {"feature_store": (28, 0), "telemetry_jar_calc": (0, 28)}


def without(site: Site, table: sa.Table, *days: date) -> None:
    """The raw table as it were if nothing had come on these days."""
    replaced(site, table, lambda rows: rows.filter(~pl.col("ts").dt.date().is_in(days)))


def test_days_that_never_came_are_the_same_night_by_night_and_at_once(site):
    """The windows of a week reach over a day without telemetry, before and after it is the last one."""
    raw = (t.telemetry_jar_raw, t.telemetry_string_raw, t.telemetry_env)
    rest = [date(2025, 2, day) for day in (21, 22, 23, *range(25, 29))]
    for table in raw:
        without(site, table, *rest)
    site.run(only=CALC)
    assert site.made()["feature_store"] == (4, 20), "three days without anything, and the first after them"
    by_and_by = site.checksums(CALC)
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(only=CALC, warehouse=scratch)
    assert site.made()["feature_store"] == (24, 0)
    assert site.checksums(CALC) == by_and_by
    weekly = site.rows(t.feature_store).filter(pl.col("feature_window_hours") == 168)
    assert datetime(2025, 2, 24, tzinfo=UTC) in weekly["feature_ts"].to_list(), "no window ends in the gap"


def test_a_day_without_jars_hands_on_what_its_strings_did(site):
    """Its calculated day has no file, and is no reason to make the days after it again."""
    without(site, t.telemetry_jar_raw, date(2025, 2, 14))
    site.run(only=CALC)
    assert site.made()["telemetry_jar_calc"] == (15, 13)
    found = site.checksums(CALC)
    site.run(only=CALC)
    assert set(site.made().values()) == {(0, 28)}
    assert site.checksums(CALC) == found


def test_another_seed_makes_the_raw_days_again(site):
    before = site.checksums()
    with site.warehouse.transaction() as connection:
        registry.put_site(connection, str(site.part.site), "synthetic", {**CONFIG, "seed": 4})
    site.run(only=[t.telemetry_env])
    assert site.made() == {"telemetry_env": (28, 0)}
    assert site.checksums()["telemetry_env"] != before["telemetry_env"]


def test_a_day_that_was_not_due_is_refused_and_nothing_is_written(site):
    table = t.telemetry_env
    before = site.checksums(), site.files()
    claimed = site.warehouse.claim(table, site.part)
    with site.warehouse.transaction() as connection:
        [entry] = connection.execute(
            sa.select(r.partition_day).where(
                r.partition_day.c.table_name == table.name, r.partition_day.c.day == LAST
            )
        )
    assert entry.path
    nothing_due = day_plan(site.warehouse, table, claimed, {}, by="battery_assets.fleet.sources")
    with pytest.raises(ValueError, match="2025-02-01 is not one of the days to make"):
        site.warehouse.replace(table, claimed, site.warehouse.days(table, site.part), plan=nothing_due)
    assert (site.checksums(), site.files()) == before


class Died(Exception):
    """Where a process would have been killed."""


@pytest.mark.parametrize("point", ["first_file", "files_written", "lake_committed"])
def test_a_run_that_dies_leaves_a_whole_partition_and_the_next_one_mends_it(
    site, at_once, monkeypatch, point
):
    table = t.telemetry_jar_calc
    changed_raw(site, date(2025, 2, 20))
    before = site.rows(table)

    def die(name: str) -> None:
        if name == point:
            raise Died(name)

    with monkeypatch.context() as patch:
        patch.setattr(replacing, "crash_point", die)
        patch.setattr(lake, "crash_point", die)
        with pytest.raises(Died):
            site.run(only=[table])
    site.warehouse.verify(table, site.part)
    assert site.rows(table).height == before.height == site.warehouse.profile(table, site.part)["rows"]
    site.run(only=CALC)
    found = site.checksums(CALC)
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(only=CALC, warehouse=scratch)
    assert site.checksums(CALC) == found


def test_a_late_writer_of_days_is_refused_and_leaves_no_file(site):
    table = t.telemetry_string_calc
    late = site.warehouse.claim(table, site.part)
    [last] = site.warehouse.days(table, site.part, only=[LAST])
    due_to_late = day_plan(site.warehouse, table, late, {LAST: "another"}, by="battery_assets.fleet.sources")
    site.run(only=[table])
    before = site.checksums([table]), set(files_on_disk(site.warehouse, table))
    with pytest.raises(registry.SupersededError):
        site.warehouse.replace(table, late, [last], plan=due_to_late)
    assert (site.checksums([table]), set(files_on_disk(site.warehouse, table))) == before


def test_files_that_were_to_stay_and_went_meanwhile_are_noticed(site):
    table = t.telemetry_string_calc
    with pytest.raises(LakeError, match=r"telemetry_string_calc 2025-02\|phuket changed meanwhile"):
        site.warehouse.lake.commit(table, site.part, [], 1, lambda: None, ["site=phuket/month=2025-02/x"])


def test_what_a_run_reads_is_what_its_fingerprints_speak_of(site):
    """Raw telemetry that is replaced while the calculation runs is not mistaken for what it began with."""
    wanted = Inputs(site.warehouse, site.part, {t.telemetry_jar_raw: ["ts", "battery_id", "voltage_v"]})
    before = {day: rows["voltage_v"].sum() for day, (rows,) in wanted.walk()}
    changed_raw(site, date(2025, 2, 10))
    assert {day: rows["voltage_v"].sum() for day, (rows,) in wanted.walk()} == before
    now = Inputs(site.warehouse, site.part, {t.telemetry_jar_raw: None})
    differing = [day for day in now.days if now.digests[day] != wanted.digests[day]]
    assert differing == [date(2025, 2, 10)]
