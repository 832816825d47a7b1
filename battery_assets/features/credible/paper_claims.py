"""What a capacity test says against itself, its sheet, its jars' dates and the other tests of its string."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import polars as pl

from battery_assets.features.health.capacity import capacity_results

MOST_C = 4.0  # sheets end at 2.7 C10 (5 min)
# Of the rating at 25 °C and at the test's own current: no jar has one and a half times its rating.
MOST_PCT = 150.0
# Rooms in which a string is discharged for a test, °C; corrections to 25 °C are not known beyond.
ROOM_C = (-20.0, 55.0)
# A test of less than this share that would be usual if its minutes were hours.
LEAST_PCT, USUAL_PCT = 10.0, (50.0, 130.0)
MINUTES = 60.0
_SAME = ("discharge_rate_a", "discharge_duration_min", "cutoff_voltage_v")


def words_of(
    test: dict, rated: float | None, jars: int | None, cells: float, capture: pl.DataFrame | None
) -> Iterator[str]:
    """What is impossible of a row of capacity_test_raw by its own figures.

    rated: Ah of its jars. jars, cells: of its string, and of a jar of it. capture: its samples, if there are.
    """
    rate, minutes, room = (
        test.get(name) for name in ("discharge_rate_a", "discharge_duration_min", "ambient_temp_c")
    )
    lacking = [name for name, value in (("current", rate), ("duration", minutes)) if not value]
    if lacking and capture is None:
        yield f"its {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} 0 or empty"
        return
    if rated and rate and abs(rate) > MOST_C * rated:
        yield f"{abs(rate):g} A are beyond what the sheet of jars of {rated:g} Ah rates"
        return
    if room is not None and not ROOM_C[0] <= room <= ROOM_C[1]:
        yield f"its room had {room:g} °C, {ROOM_C[0]:g} to {ROOM_C[1]:g} are allowed: look at the unit"
        return
    drawn, percent = _gave(test, rated, jars, cells, capture)
    if drawn is not None and rated and drawn > MOST_PCT / 100.0 * rated:
        yield f"{drawn:.0f} Ah were drawn of jars of {rated:g} Ah"
    elif percent is not None and percent > MOST_PCT:
        yield f"it gave {percent:.0f} % of what jars of {rated:g} Ah are rated at {abs(rate or 0.0):g} A"
    elif percent is not None and percent < LEAST_PCT and minutes and capture is None:
        in_hours = {**test, "discharge_duration_min": minutes * MINUTES}
        usual = _gave(in_hours, rated, jars, cells, None)[1]
        if usual is not None and USUAL_PCT[0] <= usual <= USUAL_PCT[1]:
            yield f"it gave {percent:.1f} % in {minutes:g} min, and {usual:.0f} % if these are hours"


def _gave(
    test: dict, rated: float | None, jars: int | None, cells: float, capture: pl.DataFrame | None
) -> tuple[float | None, float | None]:
    """Ah drawn, and % of the rating."""
    string, name = test["string_id"], test["test_id"]
    one = pl.DataFrame([{"ambient_temp_c": None, **test}], infer_schema_length=None)
    captures = {} if capture is None else {name: capture}
    ratings = {string: rated} if rated else {}
    of = capacity_results(one, ratings, {string: jars} if jars else {}, captures, {string: cells})
    return of["measured_capacity_ah"].item(), of["capacity_pct_of_rated"].item()


def words_of_dates(
    tests: list[dict], installed: Mapping[str, date], measured: Mapping[str, object]
) -> dict[str, str]:
    """Why rows of capacity_test_raw cannot have been when they say: words by test_id, of those alone.

    installed: day of the first jar of a string, where all have one. measured: those with samples.
    """
    words: dict[str, str] = {}
    whole = [test for test in tests if test["test_type"] == "full_discharge" and test["test_date"]]
    before: dict[str, dict] = {}
    for test in sorted(whole, key=lambda one: (one["string_id"] or "", one["test_date"], one["test_id"])):
        string, name = test["string_id"], test["test_id"]
        first = installed.get(string)
        if first is not None and test["test_date"].date() < first - timedelta(days=1):
            words[name] = f"the first of its jars was installed on {first}"
        other = before.get(string)
        if other is None or test["test_date"] >= _end(other):
            before[string] = test
            continue
        at = f"{other['test_date']:%Y-%m-%d %H:%M}"
        if all(test[column] == other[column] for column in _SAME):
            words[name] = f"it is the test of {at} once more"
            continue
        if name not in measured:
            words[name] = f"the string was in the test of {at} then"
        if other["test_id"] not in measured:
            words[other["test_id"]] = f"that of {test['test_date']:%Y-%m-%d %H:%M} began before its end"
        before[string] = max(other, test, key=_end)
    return words


def _end(test: dict) -> datetime:
    end: datetime = test["test_date"] + timedelta(minutes=float(test["discharge_duration_min"] or 0.0))
    return end
