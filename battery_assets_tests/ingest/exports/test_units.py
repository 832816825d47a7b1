"""Units that a contract declares, inputs without a sensor, and words that mean one of ours."""

import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import ContractError, SourceContract, term_of
from battery_assets.ingest.exports.landing import landing_files, refusal_of
from battery_assets.ingest.exports.tables import read_table
from battery_assets_tests.worlds.readings import JAR, NOW

HEAD = "ts,battery_id,voltage_v,temperature_c,resistance_mohm,conductance_s\n"
AT = "2026-11-18T00:{:02d}:00Z"


def read(tmp_path, body: str, table=t.telemetry_jar_raw, head: str = HEAD, **terms):
    folder = tmp_path / "bkk"
    folder.mkdir(exist_ok=True)
    (folder / f"{table.name}.csv").write_text(head + body)
    files, _ = landing_files(tmp_path, "bkk")
    month = None if table.info["cut"] == "whole" else "2026-11"
    return read_table(files, table, month, SourceContract(**terms), now=NOW)


@pytest.mark.parametrize(
    ("column", "unit", "value", "ours"),
    [("temperature_c", "degF", 77.0, 25.0), ("temperature_c", "K", 298.15, 25.0), ("voltage_v", "mV", 13600, 13.6),
     ("voltage_v", "x6", 2.27, 13.62), ("resistance_mohm", "uohm", 4250, 4.25), ("resistance_mohm", "ohm", 0.00425, 4.25),
     ("resistance_mohm", "S", 235.294, 4.25), ("voltage_v", "/10", 136.0, 13.6), ("voltage_v", "none", 99.0, None)],
)  # fmt: skip
def test_a_declared_unit_is_turned_on_reading(tmp_path, column, unit, value, ours):
    cells = {"voltage_v": "13.5", "temperature_c": "25", "resistance_mohm": "", column: str(value)}
    body = f"{AT.format(0)},{JAR},{cells['voltage_v']},{cells['temperature_c']},{cells['resistance_mohm']},\n"
    reading = read(tmp_path, body, units=((f"telemetry_jar_raw.{column}", unit),))
    assert reading.rows[column].to_list() == [None if ours is None else pytest.approx(ours, abs=2e-3)]
    assert any(f"{column}: read as {unit}" in told for told in reading.findings) or ours is None


def test_a_unit_of_another_quantity_is_refused_with_those_that_are_allowed(tmp_path):
    reading = read(tmp_path, f"{AT.format(0)},{JAR},13.5,25,,\n", units=(("voltage_v", "degF"),))
    assert (
        "UNIT: telemetry_jar_raw.voltage_v: no unit 'degF'; allowed: mV, kV, none"
        in reading.files["reason"][0]
    )
    with pytest.raises(ContractError, match="'furlong' is no unit"):
        SourceContract(units=(("voltage_v", "furlong"),))


def test_codes_beyond_a_column_are_inputs_without_a_sensor_and_the_row_stays(tmp_path):
    body = "".join(
        f"{AT.format(n)},{JAR},13.5,{code},,\n" for n, code in enumerate([850, 655.35, -127, 25, 101])
    )
    reading = read(tmp_path, body)
    assert reading.rows["temperature_c"].to_list() == [None, None, None, 25.0]
    assert reading.quarantine.filter(reason="OUT_OF_RANGE")["value"].to_list() == ["101"]
    assert sum("read as an input without a sensor" in told for told in reading.findings) == 3


def test_a_refused_column_says_what_is_allowed_and_how_another_unit_is_declared(tmp_path):
    body = "".join(f"{AT.format(n)},{JAR},13500,25,,\n" for n in range(5))
    [reason] = read(tmp_path, body).files["reason"]
    for words in (
        "line 2, column voltage_v: OUT_OF_TYPE '13500'",
        "allowed: 0 to 99.999 V",
        "units=telemetry_jar_raw.voltage_v:",
    ):
        assert words in reason


MODEL = (
    "model_id,model_name,chemistry,nominal_voltage_v,capacity_ah,float_voltage_min_v,float_voltage_max_v\n"
)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("LFP", "Li-ion"), ("LiFePO4", "Li-ion"), ("Lead-Acid", "VRLA"), ("agm", "VRLA"), ("NiMH", "NiMH")],
)
def test_chemistries_are_read_by_their_usual_names(tmp_path, word, ours):
    model = f"{JAR},M,{word},12,100,13.5,13.8\n"
    assert read(tmp_path, model, t.battery_model, MODEL).rows["chemistry"].to_list() == [ours]


def test_a_chemistry_that_nobody_listed_is_told_with_what_is(tmp_path):
    reading = read(tmp_path, f"{JAR},M,plutonium,12,100,13.5,13.8\n", t.battery_model, MODEL)
    assert reading.rows["chemistry"].to_list() == ["other"]
    assert any("'plutonium' read as 'other'" in told for told in reading.findings)


def test_what_names_no_chemistry_is_told_with_what_does(tmp_path):
    [reason] = read(tmp_path, f"{JAR},M,12,12,100,13.5,13.8\n", t.battery_model, MODEL).files["reason"]
    assert "NOT_IN_ENUM '12' (allowed: VRLA, Li-ion, NiMH, other)" in reason


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [("bad_rows_limit", "20000", 20000), ("bad_share_refuse", "1", 1.0), ("unordered", "false", False),
     ("null_words", "NA|-", ["NA", "-"]), ("rename", "volt:voltage_v|id:battery_id", {"volt": "voltage_v", "id": "battery_id"}),
     ("units", "temperature_c:degF", {"temperature_c": "degF"}), ("separator", ";", ";")],
)  # fmt: skip
def test_every_term_can_be_written_as_text(key, text, value):
    assert term_of(key, text) == value
    assert SourceContract.from_config(
        {key: term_of(key, text), **({"decimal": ","} if key == "separator" else {})}
    )


@pytest.mark.parametrize(
    ("key", "text"), [("bad_rows_limit", "many"), ("unordered", "perhaps"), ("rename", "volt")]
)
def test_a_term_that_cannot_be_meant_names_its_key(key, text):
    with pytest.raises(ContractError, match=key):
        term_of(key, text)


def test_why_a_file_is_refused_is_known_before_it_is_read_whole(tmp_path):
    folder = tmp_path / "bkk"
    folder.mkdir()
    (folder / "telemetry_jar_raw.csv").write_text(
        f"ts,battery_id,voltage_v\n2026-11-18 00:00:00,{JAR},13.5\n"
    )
    (folder / "battery.csv").write_text("jar_id,string_id\na,b\n")
    files, _ = landing_files(tmp_path, "bkk")
    told = {file.table: refusal_of(file, SourceContract()) for file in files}
    assert told["telemetry_jar_raw"].startswith("NO_TIMEZONE")
    assert told["battery"].startswith("HEADER_MISMATCH")
    named = SourceContract(timezone="UTC")
    assert refusal_of(next(f for f in files if f.table == "telemetry_jar_raw"), named) is None
