"""What became of an import is legible at 80 columns."""

import io
from datetime import UTC, datetime

from rich.console import Console

from battery_assets.commands import accounts

BEGAN = datetime(2024, 5, 31, 8, tzinfo=UTC)


def lines(table) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=80, highlight=False).print(table)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_accounts_are_an_equation_without_its_zeros():
    rows = [
        ("impedance_measurement_raw", 48, 48, 0, 0, 0, 0, None),
        ("telemetry_jar_raw", 112_000_000, 111_999_000, 900, 100, 0, 0, None),
        ("user", None, None, None, None, 0, 0, "NO_TIMEZONE"),
    ]
    assert lines(accounts.what_became(rows))[2:] == [
        "impedance_measurement_raw  48 read = 48 loaded",
        "telemetry_jar_raw          112,000,000 read = 111,999,000 loaded + 900",
        "                           quarantined + 100 duplicates",
        "user                       0 read = 0 loaded",
        "                           refused: NO_TIMEZONE",
    ]


def test_the_first_row_in_quarantine_stands_below_its_table():
    rows = [("telemetry_jar_raw", "BAD_UUID", 7, "telemetry_jar_raw_2026-11.csv.gz line 71")]
    assert lines(accounts.quarantine(rows))[2:] == [
        "BAD_UUID     7  telemetry_jar_raw",
        "                first: telemetry_jar_raw_2026-11.csv.gz line 71",
    ]


def test_a_capacity_test_takes_two_lines():
    rows = [("SYN-CNX-01-UPS-01-S1", BEGAN, 12.5, 595, 10.5, 87.25, 72.7, "pass")]
    first, second = lines(accounts.capacity_tests(rows))[3:]
    assert first.split() == ["SYN-CNX-01-UPS-01-S1", "12.5", "595", "10.5", "87.25", "72.7", "pass"]
    assert second == "2024-05-31 08:00"
