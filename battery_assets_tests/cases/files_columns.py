"""Cyclers' files whose columns were misread: clocks, units, spellings, cells, facts of the preamble."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from battery_assets_tests.cases.record import FILES, Case, file_of, finding_of, near


def iso_offsets(shared: Path) -> str:
    for zone in (None, "Europe/Oslo", "Asia/Bangkok"):
        one = file_of(shared, "iso_offsets.bdf.csv", timezone=zone)
        ends = one.points["ts"][0], one.points["ts"][-1]
        assert ends == (datetime(2024, 3, 31, 0, 30, tzinfo=UTC), datetime(2024, 3, 31, 1, 29, tzinfo=UTC))
        assert one.points["wall_clock"][0] == datetime(2024, 3, 31, 1, 30)
    return f"{ends[0]:%Y-%m-%d %H:%M} to {ends[1]:%H:%M} UTC under three contracts"


def autumn_hourly(shared: Path) -> str:
    ts = file_of(shared, "autumn_hourly.bdf.csv", timezone="Europe/Oslo").points["ts"]
    first = datetime(2023, 10, 28, 21, 30, tzinfo=UTC)
    assert ts.to_list() == [first + timedelta(hours=hour) for hour in range(8)]
    return f"{ts[0]:%H:%M} to {ts[-1]:%H:%M} UTC, an hour apart"


def day_first(shared: Path) -> str:
    clock = file_of(shared, "arbin_day_first.csv").points["wall_clock"]
    assert (clock[0], clock[-1]) == (datetime(2023, 4, 3, 22), datetime(2023, 4, 4, 2))
    return f"{clock[0]:%Y-%m-%d %H:%M} to {clock[-1]:%Y-%m-%d %H:%M}"


def calendar_clock(shared: Path) -> str:
    bare = file_of(shared, "real_calendar_clock.nda").points
    oslo = file_of(shared, "real_calendar_clock.nda", timezone="Europe/Oslo").points
    assert bare["wall_clock"][0] == datetime(2020, 3, 25, 11, 16, 50)
    assert bare["ts"].null_count() == bare.height > 0
    assert oslo["ts"][0] == datetime(2020, 3, 25, 10, 16, 50, tzinfo=UTC)
    return (
        f"{bare['wall_clock'][0]} without an instant; {oslo['ts'][0]:%H:%M:%S} UTC once the zone is declared"
    )


def three_electrodes(shared: Path) -> str:
    volts = file_of(shared, "bio_three_electrodes.mpt").points["voltage_v"]
    return f"{near(volts.min(), 3.650, 1e-6):.3f} to {near(volts.max(), 3.737, 1e-6):.3f} V"


def german(shared: Path) -> str:
    declared = file_of(shared, "bio_german_capacity.mpt").declared
    assert declared.protocol is None
    return f"nominal {near(declared.nominal_capacity_ah, 1.3, 1e-9):g} Ah, protocol {declared.protocol}"


def aux_in_volts(shared: Path) -> str:
    one = file_of(shared, "maccor_aux_in_volts.txt")
    assert one.points["temperature_c"].null_count() == one.points.height > 0
    told = finding_of(one, "'Aux #1' in 'V', not read as temperature_c")
    return f"no temperature; {told}"


def kelvin(shared: Path) -> str:
    celsius = file_of(shared, "kelvin.bdf.csv").points["temperature_c"]
    assert celsius.to_list() == [25.0] * 30
    return f"{celsius[0]:.1f} °C in {celsius.len()} rows"


def open_thermocouple(shared: Path) -> str:
    one = file_of(shared, "open_thermocouple.bdf.csv")
    celsius = one.points["temperature_c"]
    finding_of(one, "what no cell survives, an input without a sensor (10 times)")
    assert (celsius.null_count(), celsius.max()) == (10, 25.0)
    return (
        f"null in {celsius.null_count()} of {celsius.len()} rows, told; {celsius.max():.0f} °C in the others"
    )


def average_heading(shared: Path) -> str:
    points = file_of(shared, "bio_average_heading.mpt").points
    assert (points.height, points["voltage_v"].max()) == (30, 3.558)
    return f"{points.height} points up to {points['voltage_v'].max()} V"


def last_column(shared: Path) -> str:
    one = file_of(shared, "bio_voltage_is_last_column.mpt")
    finding_of(one, "has no end: its last field has the form")
    volts = one.points["voltage_v"]
    assert (volts.len(), volts.min(), volts.max()) == (30, 3.5, 3.558)
    return f"{volts.len()} points, {volts.min():.3f} to {volts.max():.3f} V"


def durations(shared: Path) -> str:
    one = file_of(shared, "neware_excel_durations.xlsx")
    assert (one.points.height, one.points["test_time_s"][-1]) == (31, 108_000.0)
    return f"{one.points.height} points, 108,000 s, {near(one.moved()[0].ah, 1.5, 1e-6):.1f} Ah in"


def blank_row(shared: Path) -> str:
    one = file_of(shared, "neware_blank_row.xlsx")
    assert (one.rows_read, one.points.height) == (30, 30)
    return f"{one.points.height} points"


def lost_record(shared: Path) -> str:
    one = file_of(shared, "real_141_records.ndax")
    assert one.points.height == 140
    return f"{one.points.height} points; {finding_of(one, 'record numbers skip 1, first from 132 to 134')}"


CASES = (
    Case(FILES, "iso_offsets.bdf.csv", "an offset in a cell stands above the contract",
         "2024-03-31 00:30 to 01:29 UTC, whatever the contract says", iso_offsets),
    Case(FILES, "autumn_hourly.bdf.csv", "the test time decides an ambiguous hour",
         "21:30 to 04:30 UTC, an hour apart", autumn_hourly),
    Case(FILES, "arbin_day_first.csv", "the rows prove the order of day and month",
         "2023-04-03 22:00 to 2023-04-04 02:00", day_first),
    Case(FILES, "real_calendar_clock.nda", "a clock without a zone is no instant",
         "2020-03-25 11:16:50 by the wall, no instant until the zone is declared", calendar_clock),
    Case(FILES, "bio_three_electrodes.mpt", "a quantity that follows from two columns is formed",
         "3.650 to 3.737 V (Ewe - Ece)", three_electrodes),
    Case(FILES, "bio_german_capacity.mpt", "facts under a decimal comma; words for nothing",
         "nominal 1.3 Ah, protocol None", german),
    Case(FILES, "maccor_aux_in_volts.txt", "a unit that stands in a cell", "no temperature, told", aux_in_volts),
    Case(FILES, "kelvin.bdf.csv", "no quantity vanishes without a word", "25.0 °C in 30 rows", kelvin),
    Case(FILES, "open_thermocouple.bdf.csv", "sentinels are inputs without a sensor",
         "no temperature in 10 rows, told", open_thermocouple),
    Case(FILES, "bio_average_heading.mpt", "spellings of a claimed format", "30 points", average_heading),
    Case(FILES, "bio_voltage_is_last_column.mpt", "a complete export without a last line end",
         "30 points, 3.500 to 3.558 V", last_column),
    Case(FILES, "neware_excel_durations.xlsx", "cells of a workbook", "31 points, 108,000 s, 1.5 Ah in", durations),
    Case(FILES, "neware_blank_row.xlsx", "cells of a workbook", "30 points", blank_row),
    Case(FILES, "real_141_records.ndax", "records that a library lost are told",
         "141 points, or a finding that record numbers skip one", lost_record),
)  # fmt: skip
