"""A source that counts discharge as positive says so, and is read as the tables have it."""

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import landing_files
from battery_assets.ingest.exports.tables import read_table_days
from battery_assets_tests.worlds.readings import NOW, assert_balanced

STRING = "449d2ec8-397c-4150-a671-c7158929443c"
CURRENTS = ["12.5", "-20.125", "0", "", "9999999"]


def read(tmp_path, ending: str, contract: SourceContract):
    folder = tmp_path / "site"
    folder.mkdir()
    rows = pl.DataFrame(
        {
            "ts": [f"2026-11-18T00:{minute:02d}:00Z" for minute in range(len(CURRENTS))],
            "string_id": [STRING] * len(CURRENTS),
            "voltage_v": ["300.0"] * len(CURRENTS),
            "current_a": CURRENTS,
        }
    )
    if ending == "csv":
        rows.write_csv(folder / "telemetry_string_raw.csv")
    else:
        numbers = pl.col("voltage_v", "current_a").replace("", None).cast(pl.Float64)
        instants = pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC")
        rows.with_columns(numbers, instants).write_parquet(folder / "telemetry_string_raw.parquet")
    files, problems = landing_files(tmp_path, "site")
    assert not problems
    with read_table_days(files, t.telemetry_string_raw, "2026-11", contract, now=NOW) as days:
        kept = [row for _, frame in days for row in frame["current_a"].to_list()]
        return kept, days.account()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_declared_sign_is_turned_and_told(tmp_path, ending):
    terms = {"positive_current": "discharges", "bad_share_refuse": 1.0}
    kept, reading = read(tmp_path, ending, SourceContract.from_config(terms))
    assert kept == [-12.5, 20.125, 0.0, None]
    assert_balanced(reading)
    assert reading.quarantine["value"][0].startswith("9999999")
    [told] = [words for words in reading.findings if words.startswith("current_a")]
    assert told.startswith("current_a: sign turned, since positive discharges in this source")


@pytest.mark.parametrize("terms", [{}, {"positive_current": "charges"}])
def test_nothing_is_turned_where_nothing_is_declared(tmp_path, terms):
    kept, reading = read(tmp_path, "csv", SourceContract.from_config({**terms, "bad_share_refuse": 1.0}))
    assert kept == [12.5, -20.125, 0.0, None]
    assert not any("sign" in words for words in reading.findings)
