"""A digest is a difference: nothing where nothing changed, one line for each incident."""

import itertools
from datetime import UTC, datetime, timedelta

from battery_assets.notify.mail.difference import MOST_LINES, Item, difference, digest_text, subject_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def item(group: str, hours: float, before: str = "", after: str = "", **other) -> Item:
    """An event of a group, so many hours after the start."""
    values = {
        "kind": "incident.opened",
        "title": f"Fault {group}",
        "site": "hanoi",
        "severity": "high",
        **other,
    }
    return Item(group, at=START + timedelta(hours=hours), before=before, after=after, **values)


def test_nothing_happened_no_digest():
    assert difference([]) == []


def test_what_rose_and_fell_back_is_no_change():
    assert difference([item("a", 1, "medium", "high"), item("a", 2, "high", "medium")]) == []


def test_an_incident_that_came_and_went_is_no_change():
    assert difference([item("a", 1, "", "open"), item("a", 2, "open", "")]) == []


def test_ten_events_of_an_incident_are_one_line():
    steps = ["", "low", "medium", "high", "critical"]
    pairs = list(itertools.pairwise(steps))
    events = [item("a", n, *pair) for n, pair in enumerate(pairs)]
    (line,) = difference(reversed(events))
    assert line.words == "Fault a: new -> critical"


def test_facts_without_a_state_are_counted():
    runs = [item("site_month", n, kind="run.failed", severity="medium") for n in range(3)]
    (line,) = difference(runs)
    assert line.words == "Fault site_month (run.failed x 3)"


def test_the_gravest_stands_first_then_the_newest():
    lines = difference(
        [
            item("a", 5, "", "open", severity="low"),
            item("b", 1, "", "open", severity="critical"),
            item("c", 9, "", "open", severity="low"),
        ]
    )
    assert [line.words[6] for line in lines] == ["b", "c", "a"]
    assert subject_of(lines, "daily") == "daily digest: 3 changes, 1 of them critical"


def test_a_long_digest_says_how_much_it_leaves_out():
    lines = difference([item(f"{n:03}", n, "", "open") for n in range(MOST_LINES + 7)])
    text = digest_text(lines, START, START + timedelta(days=1))
    assert text.count("\n- ") == MOST_LINES + 1
    assert "and 7 more" in text
