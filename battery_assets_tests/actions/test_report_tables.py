"""The report is legible in a terminal of 80 columns: two lines a row at most, and no word is cut."""

import io
from decimal import Decimal

import pytest
from rich.console import Console

from battery_assets.actions import report_tables as layout

SITE = "nakhon-ratchasima"
UNITS = ("SYN-CNX-01-UPS-01-S1-J17", "SYN-HDY-01-REC-02-S2-J04-R1", "DC-NAKHON-01-UPS-B-S12-J024")
ACTION = "Ohmic retest, capacity test, replace jar"
LIMITS = ("open_connection", "whole_string", "only 11 of 24 jars have a twin")


def title(jar: str) -> str:
    return f"Broken weld or strap suspected: {jar} and 11 more"


LISTS = {
    layout.fleet: [
        {
            "site": SITE, "jars": 1944, "worst": Decimal(83), "mean": Decimal("101.9"), "below_80": 110,
            "as_of": "2025-12-01", "incidents": 134, "work_orders": 134,
        },
        {
            "site": "cnx-01", "jars": None, "worst": None, "mean": None, "below_80": None, "as_of": None,
            "incidents": 0, "work_orders": 0,
        },
    ],
    layout.jars_at_risk: [
        {
            "site": SITE, "jar": jar, "soh": Decimal(83), "r": Decimal(143), "rul": Decimal(1383),
            "low": Decimal(110), "high": Decimal(12160), "p90": Decimal(34), "source": "digital_twin",
        }
        for jar in UNITS
    ],
    layout.visits: [
        {
            "site": SITE, "kind": kind, "unit": unit, "jars": jars, "avoided": Decimal("11.3478"),
            "weakest": UNITS[1],
        }
        for kind, unit, jars in (("string", UNITS[1].partition("-J")[0], 24), ("jar", UNITS[1], 1))
    ],
    layout.gates: [
        {
            "version": "2025-12.14", "status": "staging",
            "gate": "refused: ranks a month's jars with C 0.858, the line through resistance with 0.879",
        }
    ],
    layout.decisions: [
        {
            "version": "2025-12.14", "status": "production",
            "metrics": {
                f"decisions_{name}_{figure}": 1234.5
                for name in layout.POLICIES
                for figure in ("missed", "needless", "visits", "cost", "lead_days")
                if (name, figure) != ("nobody", "lead_days")
            },
        }
    ],
    layout.ride_through: [
        {
            "site": SITE, "string": jar.partition("-J")[0], "load": "measured_load", "required": Decimal(15),
            "minutes": Decimal(137), "low": Decimal(132), "high": Decimal(1542), "p": Decimal(99), "jar": jar,
            "because": because,
            **({"lost": None, "change": None} if "twin" in because else {"lost": "2031-04", "change": jar}),
        }
        for jar, because in zip(UNITS, LIMITS, strict=True)
    ],
    layout.incidents: [
        {
            "site": SITE, "severity": "critical", "title": title(jar),
            "work_order": f"{ACTION} - {title(jar)}", "due": "2025-03-20",
        }
        for jar in UNITS
    ],
    layout.cells_under_test: [
        {
            "lab": "calce", "cell": "CS2_35_8_17_10_c45", "split": "train", "cycles": 1311,
            "soh": Decimal("71.3"), "life": None, "censoring": "right_censored",
        }
    ],
    layout.models: [
        {"version": f"2025-{month}.2", "params": {"jars": 216, "failures": 23}, "metrics": {"c_index": 0.911}}
        for month in (8, 10, 12)
    ],
}  # fmt: skip


def rendered(table) -> list[str]:
    """The lines of a table in a terminal of 80 columns."""
    screen = io.StringIO()
    Console(file=screen, width=80, highlight=False).print(table)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


@pytest.mark.parametrize("table", LISTS, ids=lambda table: table.__name__)
def test_no_row_takes_more_than_two_lines(table):
    made = table(LISTS[table])
    lines = rendered(made)
    assert max(map(len, lines)) <= 80
    rule = next(place for place, line in enumerate(lines) if line.startswith("──"))
    assert rule <= 2, "the heads take two lines"
    starts, place = [], rule + 1
    for cell in made.columns[0].cells:
        first = cell.plain.splitlines()[0]
        place = next(k for k in range(place, len(lines)) if lines[k].startswith(first))
        starts.append(place)
        place += 1
    ends = [*starts[1:], len(lines)]
    assert starts[0] == rule + 1
    assert all(end - start <= 2 for start, end in zip(starts, ends, strict=True)), "\n".join(lines)


@pytest.mark.parametrize("table", LISTS, ids=lambda table: table.__name__)
def test_no_word_is_cut(table):
    made = table(LISTS[table])
    shown = " ".join(rendered(made)).split()
    cells = [str(column.header) for column in made.columns]
    cells += [cell.plain for column in made.columns for cell in column.cells]
    words = {word for cell in cells for word in cell.split()}
    assert len(words) > 5
    assert words <= set(shown), words - set(shown)


def test_a_code_in_brackets_is_shown_as_it_is():
    [row, *_] = LISTS[layout.jars_at_risk]
    assert any("[red]7" in line for line in rendered(layout.jars_at_risk([{**row, "jar": "[red]7"}])))


def test_what_is_unknown_is_a_dash():
    [row, *_] = LISTS[layout.ride_through]
    unknown = {**row, "minutes": None, "low": None, "high": None, "p": None, "jar": None, "lost": None, "change": None,
               "because": "only 11 of 24 jars have a twin"}  # fmt: skip
    line, below = rendered(layout.ride_through([unknown]))[3:]
    assert line.split()[1:5] == ["15", "-", "-", "-"]
    assert " ".join((*line.split()[5:], *below.split()[2:])) == unknown["because"]


def test_the_action_stands_without_the_title_of_its_incident():
    [row, *_] = LISTS[layout.incidents]
    lines = rendered(layout.incidents([row, {**row, "work_order": None}]))
    assert lines[4].endswith(f"{SITE}: {ACTION}")
    assert lines[6].endswith(f"{SITE}: no work order")
