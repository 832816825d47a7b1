"""Telemetry of jars and strings, and curves of tests: a range of it, thinned, in each form."""

import io
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.platform.dagster.partitions import Part
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.api.two_sites import MONTH
from battery_assets_tests.worlds.stores import kept, of

DAY = datetime(2025, 3, 4, tzinfo=UTC)
RANGE = "since=2025-03-04T00:00:00Z&until=2025-03-05T00:00:00Z"


@pytest.fixture(scope="module")
def measured(ask):
    """A day of two jars of alpha every minute: 12 V + the hour / 10, one sample of 99 V, one that is absent."""
    minutes = pl.datetime_range(DAY, DAY + timedelta(days=1), "1m", closed="left", time_unit="us", eager=True)
    frames = [
        pl.DataFrame({"ts": minutes}).with_columns(
            battery_id=pl.lit(of(t.battery, f"alpha-j{k}")),
            voltage_v=12 + pl.col("ts").dt.hour() / 10 + k,
            temperature_c=pl.lit(25.0), resistance_mohm=pl.lit(None, pl.Float64),
            conductance_s=pl.lit(None, pl.Float64),
        )
        for k in range(2)
    ]  # fmt: skip
    odd = pl.when(pl.col("ts") == DAY + timedelta(hours=5)).then(99.0)
    rows = pl.concat(frames).with_columns(voltage_v=odd.otherwise(pl.col("voltage_v")))
    schema = polars_schema(t.telemetry_jar_raw)
    rows = rows.with_columns(site=pl.lit("alpha"), month=pl.lit(MONTH)).select(list(schema)).cast(schema)
    kept(ask.app.state.platform.warehouse, t.telemetry_jar_raw, rows, Part("alpha", MONTH))
    return ask


def test_a_day_in_hours_keeps_its_extremes(measured):
    items = measured("GET", f"/jars/alpha-j0/telemetry?{RANGE}&points=24").json()["items"]
    assert [one["rows"] for one in items] == [60] * 24
    assert [one["voltage_v_min"] for one in items] == pytest.approx(
        [12 + hour / 10 for hour in range(24)], abs=1e-3
    )
    assert items[5]["voltage_v_max"] == pytest.approx(99, abs=1e-3)
    assert items[5]["ts"] == "2025-03-04T05:00:00.000000Z"
    assert items[0]["resistance_mohm_mean"] is None


def test_each_form_has_the_same_points(measured):
    path = "/jars/alpha-j1/telemetry?since=2025-03-04T10:00:00Z&until=2025-03-04T11:00:00%2B00:00&points=100"
    items = measured("GET", path).json()["items"]
    assert len(items) == 60
    csv = pl.read_csv(measured("GET", f"{path}&format=csv").content)
    arrow = pl.read_ipc_stream(io.BytesIO(measured("GET", f"{path}&format=arrow").content))
    assert csv.columns == arrow.columns == list(items[0])
    assert arrow["voltage_v_mean"].to_list() == csv["voltage_v_mean"].to_list()
    assert arrow["voltage_v_mean"][0] == pytest.approx(14.0, abs=1e-3)


def test_where_nothing_was_measured_there_are_no_points(measured):
    for path in (
        "/jars/alpha-j2/telemetry",
        "/jars/alpha-j0/estimates",
        "/strings/alpha-s1/telemetry",
        "/jars/beta-j0/telemetry",
    ):
        assert measured("GET", f"{path}?{RANGE}").json() == {"items": []}
        assert measured("GET", f"{path}?{RANGE}&format=arrow").status_code == 200


@pytest.mark.parametrize(
    "terms",
    ["", "since=2025-03-04T00:00:00Z", f"{RANGE}&points=0", "since=2025-03-05T00:00:00Z&until=2025-03-04T00:00:00Z",
     "since=2020-03-05T00:00:00Z&until=2025-03-04T00:00:00Z", f"{RANGE}&format=xml",
     "since=0001-01-01T00:00:00%2B14:00&until=0001-01-02T00:00:00%2B14:00"],
)  # fmt: skip
def test_a_range_that_cannot_be_is_refused(measured, terms):
    assert measured("GET", f"/jars/alpha-j0/telemetry?{terms}").status_code == 422


def test_nobody_sees_another_s_telemetry(measured):
    assert measured("GET", f"/jars/alpha-j0/telemetry?{RANGE}", key="beta").status_code == 404
    measured.doorman.known["past"] = Caller("key:8", "past", frozenset(SCOPES), ceiling=DAY)
    asked = f"/jars/alpha-j0/telemetry?{RANGE}&as_of=2999-01-01T00:00:00Z"
    assert measured("GET", asked, key="past").json() == {"items": []}


def test_a_curve_is_told_as_it_was_known_while_its_files_are_the_same(fresh):
    warehouse, part = fresh.app.state.platform.warehouse, Part("alpha", MONTH)
    schema = polars_schema(t.telemetry_jar_raw)

    def put(volts: float) -> str:
        sample = {"ts": DAY, "battery_id": of(t.battery, "alpha-j0"), "voltage_v": volts}
        sample |= {"site": "alpha", "month": MONTH}
        row = pl.DataFrame([{**dict.fromkeys(schema), **sample}], schema_overrides=schema).select(
            list(schema)
        )
        kept(warehouse, t.telemetry_jar_raw, row.cast(schema), part)
        return datetime.now(UTC).isoformat().replace("+00:00", "Z")

    def told(as_of: str):
        return fresh("GET", f"/jars/alpha-j0/telemetry?{RANGE}&as_of={as_of}")

    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    first, again = put(12.5), put(12.5)
    assert told(before).json() == {"items": []}
    assert [told(at).json()["items"][0]["voltage_v_mean"] for at in (first, again)] == [12.5, 12.5]
    other = put(13.5)
    assert told(other).json()["items"][0]["voltage_v_mean"] == 13.5
    refused = told(first)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "query.as_of")
    assert told(before).json() == {"items": []}


def test_a_file_that_is_not_as_it_was_written_gives_no_points(fresh, tmp_path):

    warehouse, part = fresh.app.state.platform.warehouse, Part("alpha", MONTH)
    sample = {"name": "x", "ts": DAY, "battery_id": of(t.battery, "alpha-j0"), "voltage_v": 12.5}
    frame = pl.DataFrame([sample]).select("ts", "battery_id", "voltage_v")
    schema = polars_schema(t.telemetry_jar_raw)
    absent = [pl.lit(None).alias(name) for name in schema if name not in frame.columns]
    kept(warehouse, t.telemetry_jar_raw, frame.with_columns(absent).select(list(schema)).cast(schema), part)
    [file] = (tmp_path / "lake").rglob("*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert fresh("GET", f"/jars/alpha-j0/telemetry?{RANGE}").status_code == 409
