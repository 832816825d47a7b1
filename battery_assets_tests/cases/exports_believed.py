"""Exports whose numbers no jar, string or test can have, and batteries that are not 12 V lead-acid."""

import polars as pl

from battery_assets_tests.cases.imported import OTHER_CODES, Imported, Units
from battery_assets_tests.cases.record import FILES, FIRST_USE, Case, near

SCALE = "a scale that no jar can have"


def fahrenheit(world: Imported) -> str:
    world.site("odd")
    own = Units.of(world, f"{FILES}/fleet_fahrenheit")
    [told] = own.objections("critical")
    assert "units=telemetry_jar_raw.temperature_c:degF" in told
    assert own.states().height == own.lives() == 0
    assert set(own.alerts()["alert_type"]) <= {"data_quality", "voltage_low"}
    return "one critical objection with units=telemetry_jar_raw.temperature_c:degF; no health, no life, no hot jar"


def micro_ohm(world: Imported) -> str:
    world.site("odd")
    own = Units.of(world, f"{FILES}/fleet_ohmic_micro_ohm")
    [told] = own.objections("critical")
    assert "units=impedance_measurement_raw.resistance_mohm:uohm" in told
    assert not own.alerts().filter(alert_type="resistance_drift").height
    query = (
        "SELECT count(*), count(c.temp_corrected_resistance_mohm) FROM fleet.impedance_measurement_raw r "
        "JOIN fleet.impedance_measurement_calc c USING (measurement_id) WHERE r.battery_id::text = ANY(:jars)"
    )
    [(measured, used)] = world.rows(query, jars=own.jars)
    assert measured > 0 == used
    return f"one critical objection with its term; {used} of {measured} readings used"


def copied(world: Imported) -> str:
    world.site("odd")
    own = Units.of(world, f"{FILES}/fleet_copied_channel")
    [told] = own.objections("critical")
    assert "show one channel" in told
    assert len(own.objections("warning")) == 2
    assert own.states().height == own.lives() == len(own.jars) - 2
    return f"an objection on both jars and on the string; {own.states().height} of {len(own.jars)} jars have a health"


def of_string(world: Imported, site: str, case: str, value: str, rows: int) -> str:
    """A string voltage of another scale: what the command says, and that the string's load is not known."""
    done = world.site(site)
    own = Units.of(world, case)
    assert done.exit_code != 0
    words = f"{rows} of {rows} rows are bad; mostly OUT_OF_RANGE ({rows}); first: line 2, column voltage_v"
    [told] = [line for line in done.output.splitlines() if words in line and "was refused" in line]
    assert "telemetry_string_raw.csv" in told
    assert value in told
    assert "allowed: 0 to 1000 V" in told
    assert "--contract units=telemetry_string_raw.voltage_v:" in told
    assert "measured_load" not in {basis for basis, _ in own.runtimes()}
    return f"the command fails: telemetry_string_raw.csv, line 2, voltage_v {value}, {rows} of {rows} rows, 0 to 1000 V, the term"


def hundredfold(world: Imported) -> str:
    return of_string(world, "odd", f"{FILES}/fleet_string_hundredfold", "8138.0", 576)


def system_sum(world: Imported) -> str:
    return of_string(world, "first-use", f"{FIRST_USE}/fleet/system_sum", "1951.08", 48)


def jars_of_6v(world: Imported) -> str:
    world.site("first-use")
    own = Units.of(world, f"{FIRST_USE}/fleet/jars_of_6v")
    assert own.alerts().is_empty(), own.alerts()["message"].to_list()
    states = own.states()
    assert states.height == 40
    assert states["soc_pct"].min() >= 90
    [minutes] = [float(minutes) for basis, minutes in own.runtimes() if basis == "measured_load"]
    near(minutes, 215, 15)
    return "40 jars charged to 90 % or more, no alert, about 215 min at the measured load"


def chemistry(world: Imported) -> str:
    world.site("first-use")
    own = Units.of(world, f"{FIRST_USE}/fleet/chemistry_lfp")
    assert own.states().height == own.lives() == 0
    told = own.all_alerts().filter(alert_type="data_quality")["message"].to_list()
    assert any("4 jars are Li-ion, not VRLA" in words for words in told)
    world.found("first-use", "'LFP' read as 'Li-ion'")
    return (
        "LFP is read as Li-ion; 4 jars are watched by thresholds, and said to be outside of health and life"
    )


def paper_test(world: Imported) -> str:
    world.site("first-use")
    own = Units.of(world, f"{FIRST_USE}/fleet/paper_test")
    [told] = own.objections("warning")
    assert "0.29 V per cell" in told
    assert "carried 0.08 A all the time" in told
    query = (
        "SELECT c.capacity_pct_of_rated, c.pass_fail::text FROM fleet.capacity_test_raw r "
        "JOIN fleet.capacity_test_calc c USING (test_id) WHERE r.string_id::text = ANY(:strings)"
    )
    assert world.rows(query, strings=own.strings) == [(None, None)]
    rests_on = "SELECT DISTINCT evidence FROM fleet.digital_twin_state WHERE battery_id::text = ANY(:jars)"
    words = " ".join(word for (word,) in world.rows(rests_on, jars=own.jars))
    assert "age" in words and "capacity_test" not in words, words
    # 96.0 is what the estimate was when the case was written; its prior is wider now.
    health = near(own.states()["soh_pct"].mean(), 96.0, 1.5)
    query = (
        "SELECT b.position_in_string, d.soh_pct, d.soh_lower_pct, d.soh_upper_pct, r.rul_days "
        "FROM fleet.battery b JOIN fleet.digital_twin_state d USING (battery_id) "
        "JOIN fleet.rul_prediction r USING (battery_id) WHERE b.battery_code LIKE :code ORDER BY 1"
    )
    tested, untested = (world.rows(query, code=f"C-{code}-%") for code in OTHER_CODES)
    assert len(tested) == 4
    assert tested == untested
    return f"an objection; health {health:.0f} % and life are to the last digit those of the same site without the test"


def low_jar(world: Imported) -> str:
    world.site("first-use")
    own = Units.of(world, f"{FIRST_USE}/fleet/low_jar_called_high")
    query = (
        "SELECT DISTINCT i.title, i.root_cause, w.title FROM fleet.incident i "
        "JOIN fleet.alert a USING (incident_id) LEFT JOIN fleet.work_order w USING (incident_id) "
        "WHERE a.battery_id::text = ANY(:jars) AND a.alert_type <> 'data_quality'"
    )
    told = " ".join(str(word) for row in world.rows(query, jars=own.jars) for word in row)
    assert "Shorted cell suspected: C-FHW-S1-J05" in told
    assert "One jar lost voltage on float" in told
    assert "floats high" not in told
    assert "ry-out" not in told
    own_words = own.alerts().filter(pl.col("message").str.contains("J05"))["message"].to_list()
    assert any("below the string median by 1.5" in words for words in own_words)
    return "Shorted cell suspected: C-FHW-S1-J05, one jar lost voltage on float"


CASES = (
    Case(FILES, "fleet_fahrenheit", SCALE,
         "one critical objection for the string, and neither health nor life of its jars", fahrenheit),
    Case(FILES, "fleet_ohmic_micro_ohm", SCALE, "an objection on the instrument's unit; no reading is used", micro_ohm),
    Case(FILES, "fleet_copied_channel", "one channel shown twice",
         "a data quality alert on both jars; neither is believed", copied),
    Case(FILES, "fleet_string_hundredfold", SCALE,
         "the command names file, line, column, value and what is allowed", hundredfold),
    Case(FIRST_USE, "fleet/system_sum", SCALE,
         "the command names the file, line 2, voltage_v 1951, 48 of 48 rows, and what to do", system_sum),
    Case(FIRST_USE, "fleet/jars_of_6v", "batteries that are not 12 V lead-acid",
         "charge of 90 to 100 %, no alert, about 215 min", jars_of_6v),
    Case(FIRST_USE, "fleet/chemistry_lfp", "batteries that are not 12 V lead-acid",
         "the run says which model it is and that its jars are not estimated", chemistry),
    Case(FIRST_USE, "fleet/paper_test", "evidence that telemetry disproves",
         "an objection; not used as evidence; health as without it (96.0 %)", paper_test),
    Case(FIRST_USE, "fleet/low_jar_called_high", "an incident says what its alert says",
         "the incident of J05 says that it is low", low_jar),
)  # fmt: skip
