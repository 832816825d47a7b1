"""What alerts and ride-through know of a jar, its health and its remaining life know too."""

from datetime import timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from battery_assets_tests.fleet.foreign.sites import BEGAN, ForeignSite


def low_from(site: ForeignSite, n: int, volts: float, hours: float) -> ForeignSite:
    """A jar that loses so many volts some hours after the beginning; the others rise by what it leaves them."""
    since = pl.col("ts") >= BEGAN + timedelta(hours=hours)
    change = pl.when(site.jar(n)).then(-volts).otherwise(volts / (site.jars - 1))
    shifted = pl.when(since).then((pl.col("voltage_v") + change).round(3)).otherwise("voltage_v")
    return site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(voltage_v=shifted))


def of_jar(seen: SimpleNamespace, site: ForeignSite, n: int) -> tuple[dict, dict]:
    [twin], [life] = (rows.filter(site.jar(n)).to_dicts() for rows in (seen.twins, seen.lives))
    return twin, life


@pytest.mark.parametrize(("volts", "most_soh"), [(2.2, 1.0), (0.8, 85.0)])
def test_a_shorted_cell_has_no_health_and_no_life_and_one_order(take_in, tmp_path, volts, most_soh):
    site = low_from(ForeignSite(f"short{volts * 10:.0f}", jars=12), 4, volts, hours=30)
    seen = take_in(site.write(tmp_path / "export"), site.name)
    assert seen.alerts.filter(site.jar(4), alert_type="voltage_low", severity="critical").height == 1
    twin, life = of_jar(seen, site, 4)
    assert twin["fault"] == "shorted_cell"
    assert twin["soh_pct"] <= most_soh
    assert life["rul_days"] == 0
    assert life["failure_probability_30d"] == life["failure_probability_90d"] == 1
    [order] = [title for title in seen.orders["title"] if title.endswith("J04") or "J04 and" in title]
    assert "Shorted cell" in order
    sound, alive = of_jar(seen, site, 5)
    assert (sound["fault"], sound["soh_pct"] > 90) == (None, True)
    assert alive["rul_days"] > 300 and alive["failure_probability_90d"] < 0.2
    # The string goes on with what the jar has left: its minutes are those of the cells that work.
    assert (seen.runtimes["runtime_min"] > 0).all()
    assert set(seen.runtimes["limited_by"]) == {"shorted_cell"}


@pytest.mark.parametrize(
    ("times", "fault", "soh", "minutes"),
    [(3.0, "broken_connection", 99.0, 1.0), (14.0, "open_connection", 0.0, 0.0)],
)
def test_a_strap_that_opens_ends_the_jar_s_life(take_in, tmp_path, times, fault, soh, minutes):
    site = ForeignSite(f"strap{times:.0f}", jars=12)
    site.rounds(lambda new: new)
    first = site.tables["impedance_measurement_raw"]
    later = first.with_columns(
        measurement_id=pl.Series([site.id("again", k) for k in range(first.height)]),
        measured_at=pl.col("measured_at") + timedelta(hours=20),
    )
    both = pl.concat([first, later]).with_columns(
        resistance_mohm=pl.when(site.jar(4))
        .then(pl.col("resistance_mohm") * times)
        .otherwise("resistance_mohm")
    )
    site.tables["impedance_measurement_raw"] = both
    seen = take_in(site.write(tmp_path / "export"), site.name)
    twin, life = of_jar(seen, site, 4)
    assert twin["fault"] == fault
    assert twin["soh_pct"] <= soh
    assert (life["rul_days"], life["failure_probability_30d"]) == (0, 1)
    assert ((seen.runtimes["runtime_min"] > 0) == (minutes > 0)).all()
    assert seen.twins["fault"].drop_nulls().to_list() == [fault], "the others are sound"


def test_the_low_jars_of_a_first_user_have_no_life_left(take_in, shared_data):
    seen = take_in(
        shared_data / "cases_first_use" / "fleet" / "low_jar_called_high", "low-jar", timezone="Asia/Bangkok"
    )
    low = seen.alerts.filter(alert_type="voltage_low", severity="critical")["battery_id"].unique()
    assert low.len() == 2
    assert set(seen.twins.filter(fault="shorted_cell")["battery_id"]) == set(low)
    gone = seen.lives.filter(pl.col("battery_id").is_in(low.to_list()))
    assert (gone["rul_days"] == 0).all() and (gone["failure_probability_30d"] == 1).all()
    assert (seen.lives.filter(~pl.col("battery_id").is_in(low.to_list()))["rul_days"] > 0).all()


def test_a_jar_installed_on_the_local_first_is_known_to_the_month_of_its_first_hours(take_in, tmp_path):
    # The export is moved so that its third day is the local 1st of April.
    site, shift = ForeignSite("edge", days=4), timedelta(days=26)
    first = BEGAN + timedelta(days=2) + shift
    new = pl.lit(site.id("jar", 7))
    swapped = {"status": pl.lit("replaced"), "replaced_date": pl.lit(first.date())}
    jars = site.tables["battery"].with_columns(replaced_date=pl.lit(None, pl.Date))
    old = pl.col("position_in_string") == 6
    successor = jars.filter(old).with_columns(
        battery_id=new, battery_code=pl.lit("edge-J07"), installed_date=pl.lit(first.date())
    )
    gone = jars.with_columns(
        pl.when(old).then(value).otherwise(name).alias(name) for name, value in swapped.items()
    )
    site.tables["battery"] = pl.concat([gone, successor])
    for name in ("telemetry_jar_raw", "telemetry_string_raw"):
        site.changed(name, lambda rows: rows.with_columns(pl.col("ts") + shift))
    moved = pl.when(site.jar(6) & (pl.col("ts") >= first)).then(new).otherwise("battery_id")
    site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(battery_id=moved))
    folder = site.write(tmp_path / "export")
    for path in folder.glob("telemetry*.csv"):
        path.write_text(path.read_text().replace("Z", ""), encoding="utf-8")
    seen = take_in(folder, site.name, timezone="Asia/Bangkok")
    assert seen.months == ["2025-03", "2025-04"]
    hours = seen.features.filter(site.jar(7), feature_window_hours=1).group_by("month").len().sort("month")
    # Of the local 1st, the hours until 07:00 lie in March.
    assert hours.rows()[0] == ("2025-03", 7)
    assert set(seen.twins.filter(site.jar(7))["month"]) == {"2025-03", "2025-04"}
    assert set(seen.lives.filter(site.jar(7))["month"]) == {"2025-03", "2025-04"}
    accounts = seen.accounts.filter(table_name="telemetry_jar_raw")
    parts = accounts["rows_loaded"] + accounts["rows_quarantined"] + accounts["rows_exact_duplicate"]
    assert parts.sum() == accounts["rows_read"].max() == site.tables["telemetry_jar_raw"].height
