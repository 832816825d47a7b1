"""A jar: when it will fail, why, what was measured of it, and what happened to it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from battery_assets.actions.overview.jar import Jar, jar_named
from battery_assets.actions.overview.reader import Reader
from battery_assets.api.problems import Problem
from battery_assets.console import words
from battery_assets.console.drawings import Chart, fan
from battery_assets.console.pages import Page, page, reader_of, warehouse_of

router = APIRouter(route_class=Page, include_in_schema=False)
MOST_REASONS = 6


@router.get("/jars/{name}")
def jar(request: Request, name: str, reader: Annotated[Reader, Depends(reader_of)]) -> Response:
    """A jar as it is known, by its code."""
    shown = jar_named(warehouse_of(request), reader, name)
    if shown is None:
        raise Problem(404, "no jar of yours is called so", "find it on the page of its site")
    life, state = _last(shown.lives), _last(shown.states)
    explained = (life or {}).get("explanation_json") or {}
    installed = shown.facts["installed_date"]
    return page(
        request,
        "jar.html",
        jar=shown,
        life=life,
        state=state,
        day=_last(shown.days),
        lives={f"{row['at']:%Y-%m}": row for row in shown.lives},
        age=None if installed is None or state is None else state["at"].date() - installed,
        explanation=explained.get("words"),
        reasons=reasons(explained),
        incidents=shown.incidents,
        charts=charts(shown),
    )


def _last(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return rows[-1] if rows else None


def reasons(explained: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What moved a model's prediction most, in days; nothing where the twin speaks."""
    moved = explained.get("contributions") or explained.get("shap") or {}
    if isinstance(moved, list):
        moved = {str(one.get("feature", "")): one.get("days", one.get("value")) for one in moved}
    moves = [(name, float(value)) for name, value in moved.items() if isinstance(value, int | float)]
    moves.sort(key=lambda one: -abs(one[1]))
    return [(words.plain(name), f"{value:+,.2g}") for name, value in moves[:MOST_REASONS]]


def charts(jar: Jar) -> dict[str, Markup]:
    """Health with the fan, voltage, resistance and temperature."""
    facts, days, life = jar.facts, jar.days, _last(jar.lives)
    limits = [(float(facts[name]), said) for name, said in (
        ("float_voltage_min_v", "lower float limit"), ("float_voltage_max_v", "upper float limit"),
    ) if facts[name] is not None]  # fmt: skip
    name = facts["battery_code"]
    said = f"health {words.number(jar.states[-1]['soh_pct'])} %" if jar.states else "health not known"
    if life is not None:
        said += f", life left {words.days(life['rul_days'])}"
    by_instrument = [(row["at"], row["baseline_pct"]) for row in jar.readings]
    return {
        "health": fan(jar.states, life, f"{name}: {said}"),
        "voltage": Chart(
            f"Voltage of {name}: {_newest(days, 'v_mean', 'V')}", "V",
            [("line", [(row["at"], row["v_mean"]) for row in days])],
            [("band", [(row["at"], row["v_min"], row["v_max"]) for row in days])], limits, bands_count=False,
        ).drawn(),
        "resistance": Chart(
            f"Resistance of {name}: {_newest(days, 'r_internal_baseline_pct', '% of new')}", "% of new",
            [("line", [(row["at"], row["r_internal_baseline_pct"]) for row in days] or by_instrument)],
            limits=[(130.0, "warning"), (150.0, "critical")], least=20.0,
        ).drawn(),
        "temperature": Chart(
            f"Temperature of {name}: {_newest(days, 't_mean', '°C')}", "°C",
            [("line", [(row["at"], row["t_mean"]) for row in days])],
            [("band", [(row["at"], row["t_mean"], row["t_max"]) for row in days])],
            [(35.0, "note"), (45.0, "warning")], least=5.0,
        ).drawn(),
    }  # fmt: skip


def _newest(days: Sequence[Mapping[str, Any]], column: str, unit: str) -> str:
    values = [row[column] for row in days if row[column] is not None]
    return f"{values[-1]} {unit} last" if values else "not known"
