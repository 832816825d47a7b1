"""One more day costs one day, and gives to the bit what the whole month at once would have given."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.fleet.health_evidence import HealthEvidence
from battery_assets.fleet.p6_ml_digital_twin import digital_twin_state, string_runtime
from battery_assets.fleet.p7_operations import alert
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.months.nightly import LAST, FromScratch, Site
from battery_assets_tests.worlds.months.replaced import BY_DAY, CALC, SAME, changed_raw, flipped


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


@pytest.fixture
def whole_months(monkeypatch) -> list[str]:
    """The tables whose whole month was worked out, as often as it was."""
    made: list[str] = []
    for module, name in ((digital_twin_state, "_at_end"), (string_runtime, "_runtimes"), (alert, "_raised")):
        monkeypatch.setattr(
            module, name, _counted(module.__name__.split(".")[-1], getattr(module, name), made)
        )
    return made


def _counted(table: str, work: Callable, made: list[str]) -> Callable:
    def counted(*given):
        made.append(table)
        return work(*given)

    return counted


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


def test_a_month_of_which_nothing_changed_writes_nothing(site, whole_months):
    before = site.checksums(SAME), site.versions(), site.files()
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (0, 28))
    assert (site.checksums(SAME), site.versions(), site.files()) == before
    # Captures were kept anew in this lake, and ride-through reads the rows that name them.
    assert set(whole_months) <= {"string_runtime"}


def test_a_run_from_scratch_makes_every_day_and_the_same_content(site, whole_months):
    before = site.checksums(SAME), site.files()
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    site.run(warehouse=scratch)
    assert site.made() == dict.fromkeys(BY_DAY, (28, 0))
    assert site.checksums(SAME) == before[0]
    assert not set(site.files()) & set(before[1])
    assert set(whole_months) == {"digital_twin_state", "string_runtime", "alert"}


def test_a_changed_day_is_made_again_with_all_that_build_on_it(site, at_once, whole_months):
    changed_raw(site, date(2025, 2, 10))
    site.run(only=CALC)
    assert set(whole_months) == {"digital_twin_state", "alert"}
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
    from battery_assets.features.pictures import ride
    from battery_assets.features.twin import month as twin_month

    calls = {"filtered": 0, "drawn": 0}

    def counted(module, name, word):
        made = getattr(module, name)

        def counting(*given):
            calls[word] += 1
            return made(*given)

        monkeypatch.setattr(module, name, counting)

    counted(twin_month, "twin_day", "filtered")
    counted(ride, "ride_picture", "drawn")
    site.run(only=[t.digital_twin_state])
    assert calls == {"filtered": 0, "drawn": 0}
    changed_raw(site, date(2025, 2, 10))
    site.run(only=[t.digital_twin_state])
    assert calls["filtered"] == 19
    scratch = FromScratch(database_url=site.warehouse.database_url, lake_url=site.warehouse.lake_url)
    calls.update(filtered=0, drawn=0)
    site.run(only=[t.digital_twin_state], warehouse=scratch)
    assert calls == {"filtered": 28, "drawn": 1}


def test_a_picture_is_drawn_where_what_it_shows_changed(site, monkeypatch):
    from battery_assets.features.pictures import parts

    drawn: list[tuple[float, float]] = []
    render = parts._rendered

    def counted(figure):
        drawn.append(tuple(figure.get_size_inches()))
        return render(figure)

    monkeypatch.setattr(parts, "_rendered", counted)
    site.run()
    assert drawn == []
    assert len(site.told()) > 10, "it shows all of its pictures"
    jars = site.rows(t.battery).with_columns(battery_code=pl.col("battery_code") + "x")
    site.warehouse.replace(t.battery, site.warehouse.claim(t.battery, site.part), jars)
    site.run(only=[t.digital_twin_state])
    assert len(drawn) == 4, "two strings, the deepest discharge and the bars of health name their jars"


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
    flipped(Path(site.warehouse.lake_url) / rows["data_blob_url"][0])
    (Path(site.warehouse.lake_url) / rows["data_blob_url"][1]).unlink()
    site.run(only=[table])
    assert sorted(written) == sorted(rows["window_id"])
    assert all(
        site.warehouse.capture(url).equals(samples)
        for url, samples in zip(rows["data_blob_url"], whole, strict=True)
    )
    assert site.checksums([table]) == before
