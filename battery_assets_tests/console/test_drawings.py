"""Drawings: points stand where they belong, gaps stay gaps, and a fan ends where its life ends."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from battery_assets.console.drawings import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Chart, fan

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def days(*values: float | None, every: float = 1.0) -> list[tuple[datetime, float | None]]:
    """Values at equal steps from NOW."""
    return [(NOW + timedelta(days=every * k), value) for k, value in enumerate(values)]


def path(markup: str, css: str) -> str:
    """The path of a class; AssertionError where there are none or several."""
    [found] = [one.get("d") for one in ET.fromstring(markup).iter("path") if one.get("class") == css]
    return str(found)


def points(markup: str, css: str) -> list[tuple[float, float]]:
    """The points of a path of a class."""
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", path(markup, css))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_a_line_runs_from_edge_to_edge_and_higher_is_up():
    found = points(Chart("x", "V", [("line", days(1.0, 3.0, 2.0))]).drawn(), "line")
    assert found[0][0] == LEFT and found[-1][0] == WIDTH - RIGHT
    assert found[1][1] < found[2][1] < found[0][1] < HEIGHT - BOTTOM


def test_a_line_breaks_where_days_are_missing():
    there = [one for one in days(*[1.0] * 20) if not 5 <= (one[0] - NOW).days < 12]
    assert path(Chart("x", "V", [("line", there)]).drawn(), "line").count("M") == 2
    assert path(Chart("x", "V", [("line", days(*[1.0] * 20))]).drawn(), "line").count("M") == 1


def test_one_point_nothing_and_all_the_same_are_drawn_too():
    assert "<svg" in Chart("x", "V", [("line", days(13.5))]).drawn()
    assert "<svg" in Chart("x", "V", [("line", days(0.0, 0.0, 0.0))]).drawn()
    assert "Nothing is known" in Chart("x", "V", [("line", days(None, None))]).drawn()


def test_a_discharge_may_leave_a_scale_that_is_of_the_lines():
    bands = [("band", [(at, 9.0, 13.6) for at, _ in days(1, 2)])]
    wide = Chart("x", "V", [("line", days(13.5, 13.6))], bands).drawn()
    near = Chart("x", "V", [("line", days(13.5, 13.6))], bands, bands_count=False).drawn()

    def span(markup: str) -> float:
        ys = [y for _, y in points(markup, "line")]
        return max(ys) - min(ys)

    assert span(near) > 10 * span(wide)


@pytest.mark.parametrize("span", [0.5, 2, 10, 45, 400, 4000, 18_000])
def test_a_few_round_instants_stand_below_any_span(span):
    drawn = Chart("x", "V", [("line", days(1.0, 2.0, every=span))]).drawn()
    ticks = [one for one in ET.fromstring(drawn).iter("path") if one.get("class") == "tick"]
    assert len(ticks) <= 8


def test_a_label_is_text_however_it_is_written():
    drawn = Chart('<b>"x"&', "<i>", [("line", days(1.0, 2.0))], limits=[(1.5, "<u>")]).drawn()
    assert ET.fromstring(drawn).get("aria-label") == '<b>"x"&'


def states(*healths: float, fault: str | None = None) -> list[dict]:
    """Months of the twin."""
    return [{"at": at, "soh_pct": soh, "soh_lower_pct": soh - 5, "soh_upper_pct": soh + 5, "fault": fault}
            for at, soh in days(*healths, every=30)]  # fmt: skip


def life(middle: float, low: float, high: float) -> dict:
    """A prediction of the day of the second state."""
    return {
        "at": NOW + timedelta(days=30),
        "rul_days": middle,
        "rul_lower_ci_days": low,
        "rul_upper_ci_days": high,
    }


def test_the_fan_s_middle_meets_80_percent_after_the_life():
    drawn = fan(states(95, 90), life(180, 60, 250), "x")
    (x0, _), (x1, y1) = points(drawn, "forecast")
    # From the first state to 270 days after the second are 300 days, of which the life is 180.
    assert (x1 - x0) / (WIDTH - RIGHT - LEFT) == pytest.approx(180 / 300, abs=0.01)
    assert y1 == pytest.approx(float(re.findall(r"M[\d.]+ ([\d.]+)H", path(drawn, "limit"))[0]), abs=0.1)


def test_a_fan_of_decades_ends_at_the_edge_above_80_percent():
    drawn = fan(states(95, 90), life(400, 10, 7305), "x")
    assert max(x for x, _ in points(drawn, "fan")) == pytest.approx(WIDTH - RIGHT, abs=0.1)


@pytest.mark.parametrize(("given", "said"), [(states(79), life(10, 0, 20)), (states(90, fault="x"), life(0, 0, 0)),
                                             (states(90), None)])  # fmt: skip
def test_there_is_no_fan_below_80_percent_with_a_fault_or_without_a_life(given, said):
    assert 'class="fan"' not in fan(given, said, "x")


def test_without_a_state_the_words_say_so():
    assert "No state of health is known" in fan([], life(10, 0, 20), "x")
