"""One more day costs one day, and gives to the bit what the whole month at once would have given."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.jars import HealthEvidence
from battery_assets.platform.days import plan as due
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.lake import store as lake
from battery_assets.platform.lake.reads import LakeError
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse import replacing
from battery_assets.platform.warehouse.replacing import Claimed
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import sort_columns
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.nightly import CONFIG, LAST, TABLES, FromScratch, Site
from battery_assets_tests.worlds.writers import files_on_disk

FLEET = [table for table in TABLES if not table.info["lab"]]
BY_DAY = {table.name for table in FLEET if table.info["store"] == "lake"} | {"feature_store"}
CALC = [t.telemetry_string_calc, t.telemetry_jar_calc, t.feature_store, t.digital_twin_state, t.alert]
# Its rows name files of the lake, which is another one in each of these worlds.
SAME = [table for table in FLEET if table is not t.telemetry_event_window]


@pytest.fixture(scope="module")
def at_once(migrated_url, tmp_path_factory) -> Iterator[Site]:
    """A month that is made once, when it is over."""
    folder = tmp_path_factory.mktemp("at_once")
    with copied_database(migrated_url) as url:
        site = Site(Warehouse(database_url=url, lake_url=str(folder / "lake")), Landing(folder=str(folder)))
        site.run()
        yield site


@pytest.fixture
def site(at_once, tmp_path) -> Iterator[Site]:
    """A site of its own for which that month was made."""
    shutil.copytree(at_once.warehouse.lake_url, tmp_path / "lake")
    with copied_database(at_once.warehouse.database_url) as url:
        made = Site(
            Warehouse(database_url=url, lake_url=str(tmp_path / "lake")), Landing(folder=str(tmp_path))
        )
        # What recorders kept lies in this lake too, and the rows that name it have to say so.
        made.run(only=[t.telemetry_event_window])
        yield made


@pytest.fixture
def looked_at(monkeypatch) -> list[date]:
    """The days of telemetry that a body looked at for what they say of the jars' health."""
    seen: list[date] = []
    added = HealthEvidence.add_day

    def add_day(evidence: HealthEvidence, rows: pl.DataFrame) -> None:
        seen.append(rows["ts"][0].date())
        added(evidence, rows)

    monkeypatch.setattr(HealthEvidence, "add_day", add_day)
    return seen


def test_a_month_made_night_by_night_is_the_month_made_at_once(warehouse, tmp_path, at_once):
    assert at_once.made() == dict.fromkeys(BY_DAY, (28, 0))
    assert at_once.rows(t.digital_twin_state)["calibration_rmse_v"].is_not_null().any(), (
        "no discharge to hand on"
    )
    site = Site(warehouse, Landing(folder=str(tmp_path)))
    for day in (date(2025, 2, 5), date(2025, 2, 12), date(2025, 2, 27)):
        site.run(day)
    assert site.checksums(CALC) != at_once.checksums(CALC)
    site.run(LAST)
    assert site.made() == dict.fromkeys(BY_DAY, (1, 27))
    assert site.checksums(SAME) == at_once.checksums(SAME)
    assert len(at_once.told()) > 10
    assert [what for what, text in site.told().items() if text != at_once.told()[what]] == []


def test_a_month_of_which_nothing_changed_writes_nothing(site):
    before = site.checksums(SAME), site.versions(), site.files()
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (0, 28))
    assert (site.checksums(SAME), site.versions(), site.files()) == before


def test_a_run_from_scratch_makes_every_day_and_the_same_content(site):
    before = site.checksums(SAME), site.files()
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(warehouse=scratch)
    assert site.made() == dict.fromkeys(BY_DAY, (28, 0))
    assert site.checksums(SAME) == before[0]
    assert not set(site.files()) & set(before[1])


def changed_raw(site: Site, day: date) -> None:
    """Another reading in the raw telemetry of one day, as a corrected file would bring it."""
    lower = pl.when(pl.col("ts").dt.date() == day).then(pl.col("voltage_v") - 0.1).otherwise("voltage_v")
    replaced(site, t.telemetry_jar_raw, lambda rows: rows.with_columns(lower.alias("voltage_v")))


def replaced(site: Site, table: sa.Table, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """A raw table as another source would bring it; what is not changed lies as it did."""
    [unit, _] = sort_columns(table)
    rows = change(site.rows(table))
    if table is not t.telemetry_string_raw and table is not t.telemetry_env:
        rows = rows.with_columns(pl.col(unit).cast(pl.Enum(rows[unit].unique().sort())))
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)


def test_a_changed_day_is_made_again_with_all_that_build_on_it(site, at_once):
    changed_raw(site, date(2025, 2, 10))
    site.run(only=CALC)
    assert site.made() == {
        "telemetry_string_calc": (0, 28),
        "telemetry_jar_calc": (19, 9),
        "feature_store": (19, 9),
    }
    found = site.checksums(CALC)
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(only=CALC, warehouse=scratch)
    assert site.checksums(CALC) == found
    assert found["feature_store"] != at_once.checksums(CALC)["feature_store"]
    # The source brings the old reading back: all is what it was.
    site.run()
    assert site.checksums(SAME) == at_once.checksums(SAME)


def test_the_hours_of_a_day_are_reduced_once_and_again_where_it_changed(site, monkeypatch):
    from battery_assets.features.samples import jar_hours

    reduced: list[date] = []
    reduce = jar_hours.jar_hours

    def counted(rows: pl.DataFrame) -> pl.DataFrame:
        if rows.height:
            reduced.append(rows["ts"][0].date())
        return reduce(rows)

    monkeypatch.setattr(jar_hours, "jar_hours", counted)
    site.run(only=CALC)
    assert reduced == []
    changed_raw(site, date(2025, 2, 10))
    site.run(only=CALC)
    assert reduced == [date(2025, 2, 10)]
    reduced.clear()
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(only=CALC, warehouse=scratch)
    assert reduced == [date(2025, 2, day) for day in range(1, 29)], "alerts reduced them once more"


def test_alerts_of_a_month_whose_days_are_forgotten_are_the_same(site):
    """Of months long closed the books keep no day: what alerts read is worked out again."""
    before = site.checksums([t.alert])
    with site.warehouse.transaction() as connection:
        registry.forget_days(connection, before="2025-03")
    site.run(only=[t.alert, t.incident])
    assert site.checksums([t.alert]) == before


def test_of_its_week_the_twin_looks_only_at_days_that_changed(site, looked_at):
    twin, week = [t.digital_twin_state], [date(2025, 2, day) for day in range(22, 29)]
    made = site.checksums(twin)
    site.run(only=twin)
    assert (looked_at, site.checksums(twin)) == ([], made)
    changed_raw(site, date(2025, 2, 10))
    changed_raw(site, date(2025, 2, 26))
    site.run(only=twin)
    assert looked_at == [date(2025, 2, 26)]
    found, told = site.checksums(twin), site.told()
    looked_at.clear()
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(only=twin, warehouse=scratch)
    assert (looked_at, site.checksums(twin), site.told()) == (week, found, told)


def test_the_twin_filters_from_the_first_day_on_that_changed(site, monkeypatch):
    from battery_assets.features.pictures import month as month_pictures
    from battery_assets.features.twin import month as twin_month

    calls = {"filtered": 0, "drawn": 0}

    def counted(module, name, word):
        made = getattr(module, name)

        def counting(*given):
            calls[word] += 1
            return made(*given)

        monkeypatch.setattr(module, name, counting)

    counted(twin_month, "twin_day", "filtered")
    counted(month_pictures, "ride_picture", "drawn")
    site.run(only=[t.digital_twin_state])
    assert calls == {"filtered": 0, "drawn": 0}
    changed_raw(site, date(2025, 2, 10))
    site.run(only=[t.digital_twin_state])
    assert calls["filtered"] == 19
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    calls.update(filtered=0, drawn=0)
    site.run(only=[t.digital_twin_state], warehouse=scratch)
    assert calls == {"filtered": 28, "drawn": 1}


def test_captures_are_written_once_and_again_where_one_is_damaged(site, monkeypatch):
    written = []
    keep = Warehouse.keep_capture

    def counted(warehouse: Warehouse, part, name: str, samples: pl.DataFrame) -> str:
        written.append(name)
        return keep(warehouse, part, name, samples)

    monkeypatch.setattr(Warehouse, "keep_capture", counted)
    before, table = site.checksums([t.telemetry_event_window]), t.telemetry_event_window
    site.run(only=[table])
    assert written == []
    rows = site.rows(table).filter(pl.col("start_ts").dt.day() == 9)
    whole = [site.warehouse.capture(url) for url in rows["data_blob_url"]]
    flipped(Path(rows["data_blob_url"][0]))
    Path(rows["data_blob_url"][1]).unlink()
    site.run(only=[table])
    assert sorted(written) == sorted(rows["window_id"])
    assert all(
        site.warehouse.capture(url).equals(samples)
        for url, samples in zip(rows["data_blob_url"], whole, strict=True)
    )
    assert site.checksums([table]) == before


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
    healthy = judged()
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
    assert judged(Claimed(site.part.site, site.part.month, from_scratch=True)) == (days, *red[1:])
    monkeypatch.setattr(due, "code_version", lambda by: "another")
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


def _health_around(site: Site, day: date) -> list[pl.DataFrame]:
    """Health of each jar before a day of the month, and from it on."""
    rows = site.rows(t.telemetry_jar_calc).with_columns(pl.col("battery_id").cast(pl.String))
    early = pl.col("ts").dt.date() < day
    return [
        rows.filter(which).group_by("battery_id").agg(pl.col("soh_pct").last()).sort("battery_id")
        for which in (early, ~early)
    ]


def test_evidence_filed_later_changes_the_days_after_it(site, at_once):
    """A capacity test of the 20th that somebody enters at the end of the month: better than was thought."""
    table = t.capacity_test_raw
    test = {
        "test_id": "00000000-0000-0000-0000-0000000000aa",
        "string_id": site.rows(t.string)["string_id"][0],
        "test_date": datetime(2025, 2, 20, 3, tzinfo=UTC),
        "test_type": "full_discharge",
        "discharge_rate_a": 12.0,
        "discharge_duration_min": 630.0,
    }
    rows = pl.concat([site.rows(table), pl.DataFrame([test])], how="diagonal_relaxed")
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)
    site.run(only=CALC)
    made = site.made()
    assert made["telemetry_jar_calc"] == (8, 20), "the health of the 21st is the first that knows of it"
    assert made["feature_store"] == (0, 28)
    (before, after), (same, found) = (_health_around(one, date(2025, 2, 21)) for one in (at_once, site))
    assert same.equals(before)
    gained = after.join(found, on="battery_id", suffix="_found").select(
        "battery_id", more=pl.col("soh_pct_found") - pl.col("soh_pct")
    )
    strings = dict(site.rows(t.battery).select("battery_id", "string_id").iter_rows())
    tested = pl.col("battery_id").replace_strict(strings) == test["string_id"]
    assert gained.filter(tested)["more"].min() > 0.2
    assert gained.filter(~tested)["more"].to_list() == [0.0, 0.0, 0.0]


def test_a_reading_filed_later_changes_the_features_from_its_day_on(site):
    table = t.impedance_measurement_raw
    reading = {
        "measurement_id": "00000000-0000-0000-0000-0000000000bb",
        "battery_id": site.rows(t.battery)
        .filter(pl.col("replaced_date").is_null())
        .sort("installed_date")["battery_id"][0],
        "measured_at": datetime(2025, 2, 15, 12, tzinfo=UTC),
        "resistance_mohm": 9.0,
        "temperature_c": 25.0,
    }
    rows = pl.concat([site.rows(table), pl.DataFrame([reading])], how="diagonal_relaxed")
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)
    site.run(only=CALC)
    assert (site.made()["feature_store"], site.made()["telemetry_jar_calc"]) == ((14, 14), (13, 15))
    latest = site.rows(t.feature_store).filter(
        pl.col("battery_id") == reading["battery_id"], pl.col("r_internal_latest") == 9.0
    )
    assert latest["feature_ts"].min() == datetime(2025, 2, 15, 12, tzinfo=UTC)


def test_other_code_makes_every_day_again(site, monkeypatch):
    monkeypatch.setattr(due, "code_version", lambda by: "another")
    before = site.checksums(SAME)
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (28, 0))
    assert site.checksums(SAME) == before
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (0, 28))


def test_a_jar_with_other_facts_makes_its_days_again(site):
    jars = site.rows(t.battery).with_columns(pl.col("updated_at") + timedelta(days=1))
    site.warehouse.replace(t.battery, site.warehouse.claim(t.battery, site.part), jars)
    site.run(only=CALC)
    assert set(site.made().values()) == {(0, 28)}, "when a row was written says nothing of the jar"
    jars = jars.with_columns(pl.col("initial_resistance_mohm") * 1.1)
    site.warehouse.replace(t.battery, site.warehouse.claim(t.battery, site.part), jars)
    site.run(only=CALC)
    assert (site.made()["telemetry_jar_calc"], site.made()["feature_store"]) == ((28, 0), (28, 0))
    assert site.made()["telemetry_string_calc"] == (0, 28)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


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
        registry.mark_stale(connection, t.feature_store, site.part)
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
    nothing_due = site.warehouse.due(table, claimed, {}, by="battery_assets.fleet.sources")
    with pytest.raises(ValueError, match="2025-02-01 is not one of the days to make"):
        site.warehouse.replace(table, claimed, site.warehouse.days(table, site.part), due=nothing_due)
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
    due_to_late = site.warehouse.due(table, late, {LAST: "another"}, by="battery_assets.fleet.sources")
    site.run(only=[table])
    before = site.checksums([table]), set(files_on_disk(site.warehouse, table))
    with pytest.raises(registry.SupersededError):
        site.warehouse.replace(table, late, [last], due=due_to_late)
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
