"""Lists laid out for 80 columns, those of the report: at most two lines a row, and no word is cut."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.table import Table

Row = Mapping[str, Any]

LOADS = {"measured_load": "measured", "system_rating": "rating", "rated_15min": "15 min", "rated_1h": "1 h"}
TITLE_WIDTH = 68  # what 80 columns leave beside severity and date
TESTS = {"string": "capacity test", "jar": "retest"}
POLICIES = {
    "model": "trained model",
    "posterior": "twin's posterior",
    "fused": "both fused",
    "soh_line": "line through health",
    "resistance_line": "line through resistance",
    "ohmic_rule": "ohmic rule, 150 %",
    "calendar": "calendar, 8 years",
    "nobody": "nobody acts",
}
SCORES = {
    "c_index": "C-index",
    "c_index_month": "  within a month",
    "c_index_month_posterior": "    of the twin alone",
    "c_index_month_resistance_trend": "    of the resistance line",
    "c_index_month_soh_trend": "    of the SOH line",
    "c_index_unseen_site": "  on a site it has not seen",
    "brier_90d": "Brier score at 90 d",
    "brier_90d_marginal": "  of Kaplan-Meier",
    "coverage_95": "share of seen ends inside 95 %",
}


def fleet(rows: Sequence[Row]) -> "Table":
    """Health by site, and what is open. rows: site jars worst mean below_80 as_of incidents work_orders."""
    names = [
        "site", "jars", "worst\nSOH %", "mean\nSOH %", "below\n80 %", "as of", "open\nincidents",
        "work\norders",
    ]  # fmt: skip
    keys = ("site", "jars", "worst", "mean", "below_80", "as_of", "incidents", "work_orders")
    return listed(names, [[row[key] for key in keys] for row in rows], left=(0, 5))


def jars_at_risk(rows: Sequence[Row]) -> "Table":
    """Jars by probability of failure. rows: site jar soh r rul low high p90 source."""
    names = ["jar\nsite", "SOH\n%", "R, %\nof new", "RUL\ndays", "95 %\ninterval", "P(90 d)\n%", "by"]
    cells = [
        [
            f"{row['jar']}\n{row['site']}", row["soh"], row["r"], row["rul"],
            _interval(row["low"], row["high"]), row["p90"], _words(row["source"]),
        ]
        for row in rows
    ]  # fmt: skip
    return listed(names, cells, left=(0, 6))


def visits(rows: Sequence[Row]) -> "Table":
    """Visits by the failures that they avoid. rows: site kind unit jars avoided weakest."""
    cells = [
        [
            f"{row['unit']}\n{row['site']}",
            TESTS[row["kind"]],
            row["jars"],
            f"{row['avoided']:.2f}",
            row["weakest"].removeprefix(row["unit"] + "-"),
        ]
        for row in rows
    ]
    return listed(
        ["string or jar\nsite", "visit", "jars", "failures\navoided", "weakest"], cells, left=(0, 1, 4)
    )


def decisions(rows: Sequence[Row]) -> "Table":
    """What each rule would have decided, cheapest first. rows: version status metrics, of one model."""
    [row] = rows
    metrics = row["metrics"]
    policies = [name for name in POLICIES if f"decisions_{name}_cost" in metrics]
    cells = []
    for name in sorted(policies, key=lambda policy: metrics[f"decisions_{policy}_cost"]):
        lead = metrics.get(f"decisions_{name}_lead_days")
        own = [metrics[f"decisions_{name}_{figure}"] for figure in ("missed", "needless", "visits", "cost")]
        missed, needless, visits_made, cost = own
        cells.append(
            [POLICIES[name], f"{missed:.0f}", f"{needless:.0f}", "-" if lead is None else f"{lead:.0f}",
             f"{visits_made:.0f}", f"{cost:.1f}"]
        )  # fmt: skip
    names = [
        f"rule ({row['version']}, {row['status']})", "failures\nmissed", "needless", "days of\nlead",
        "visits", "cost per\n100 jars",
    ]  # fmt: skip
    return listed(names, cells, left=(0,))


def ride_through(rows: Sequence[Row]) -> "Table":
    """Strings by probability of ride-through.

    rows: site string load required minutes low high p jar because lost change; the last four may be None.
    lost is when wear takes the load away, change the jar whose renewal puts that off most.
    """
    names = [
        "string\nsite, load", "needs\nmin", "lasts\nmin", "90 %\ninterval", "P\n%",
        "weakest jar: limit\nlost when, change",
    ]  # fmt: skip
    cells = [
        [
            f"{row['string']}\n{row['site']}, {LOADS[row['load']]}", row["required"], row["minutes"],
            _interval(row["low"], row["high"]), row["p"], _limit(row) + _lost(row),
        ]
        for row in rows
    ]  # fmt: skip
    return listed(names, cells, left=(0, 5))


def incidents(rows: Sequence[Row]) -> "Table":
    """Open incidents with the action of their work order. rows: site severity title work_order due."""
    cells = []
    for row in rows:
        action = (row["work_order"] or "no work order").removesuffix(f" - {row['title']}")
        between = "\n" if len(row["title"]) <= TITLE_WIDTH else "; "
        what = f"{row['title']}{between}{row['site']}: {action}"
        cells.append([f"{row['severity']}\n{row['due'] or '-'}", what])
    return listed(["severity\ndue", "what, and at which unit\nsite: what to do"], cells, left=(0, 1))


def cells_under_test(rows: Sequence[Row]) -> "Table":
    """Cells of the labs. rows: lab cell split cycles soh life censoring."""
    names = ["lab", "cell", "split", "cycles", "SOH %", "life", "its end"]
    keys = ("lab", "cell", "split", "cycles", "soh", "life", "censoring")
    return listed(names, [[_words(row[key]) for key in keys] for row in rows], left=(0, 1, 2, 6))


def detection(rows: Sequence[Row]) -> "Table":
    """What strings would have seen of a capacitor's loss, at 1 % false alarms.

    rows: site string days_seen wander fifth_in_a_day twentieth_in_a_week tenth_in_a_week.
    """
    names = ["site", "string", "sound days", "wander %", "20 % lost, a day", "5 %, a week", "10 %, a week"]
    keys = ("days_seen", "wander", "fifth_in_a_day", "twentieth_in_a_week", "tenth_in_a_week")
    return listed(
        names,
        [[row["site"], row["string"], *(_words(row[key]) for key in keys)] for row in rows],
        left=(0, 1),
    )


def models(rows: Sequence[Row]) -> "Table":
    """Scores of the remaining-life models, a column each. rows: version metrics params."""
    cells = [["jars", *(row["params"].get("jars") for row in rows)]]
    cells.append(["ends that it learned from", *(row["params"].get("failures") for row in rows)])
    for name, words in SCORES.items():
        scores = [row["metrics"].get(name) for row in rows]
        cells.append([words, *("-" if score is None else f"{score:.3f}" for score in scores)])
    return listed(["", *(row["version"] for row in rows)], cells, left=(0,))


def gates(rows: Sequence[Row]) -> "Table":
    """Models, their state and why. rows: version status gate."""
    cells = [[f"{row['version']}\n{row['status']}", row["gate"]] for row in rows]
    return listed(["model\nstate", "what the gate said"], cells, left=(0, 1))


def _interval(low: Any, high: Any) -> str:
    return "-" if low is None else f"{low} to {high}"


def _lost(row: Row) -> str:
    """When the load is lost, and which jar to change first; nothing where nobody can tell."""
    if row["lost"] is None:
        return ""
    jar = f", {row['change'].removeprefix(row['string'] + '-')}" if row["change"] else ""
    return f"\n{row['lost']}{jar}"


def _limit(row: Row) -> str:
    """The weakest jar, its string's code left out, and what makes it weak."""
    because = _words(row["because"])
    return f"{row['jar'].removeprefix(row['string'] + '-')}: {because}" if row["jar"] else because


def _words(value: Any) -> str:
    """An enumerated value as words."""
    return "-" if value is None else str(value).replace("_", " ")


def listed(names: Sequence[str], rows: Sequence[Sequence[Any]], left: Sequence[int]) -> "Table":
    """Columns two spaces apart, a line below the heads; `left`: positions of the columns of words."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for position, name in enumerate(names):
        justify: Literal["left", "right"] = "left" if position in left else "right"
        table.add_column(name, justify=justify, vertical="top", no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text("-" if value is None else str(value)) for value in row))
    return table
