"""Incidents and work orders: lists, one incident with its timeline, and what people enter about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from battery_assets.actions.operations import incidents as acts
from battery_assets.actions.operations.people import person_of
from battery_assets.actions.overview import incidents as overview
from battery_assets.actions.overview.reader import Reader
from battery_assets.actions.people.caller import OPERATE, Caller
from battery_assets.api.problems import Problem
from battery_assets.console.drawings import Chart, Point
from battery_assets.console.forms import fields
from battery_assets.console.pages import Page, back, instant, page, reader_of, signed_in, warehouse_of
from battery_assets.tables.fleet.p7_operations import RCA_CODES

router = APIRouter(route_class=Page, include_in_schema=False)
_ACTED = {
    "acknowledge": "acknowledged", "assign": "made {to} responsible", "note": "noted", "analyse": "analysed",
    "resolve": "resolved", "reopen": "opened again",
}  # fmt: skip
Read = Annotated[Reader, Depends(reader_of)]


@router.get("/incidents")
def listed(request: Request, reader: Read, site: str = "", severity: str = "", all: str = "") -> Response:
    """Open incidents, or all of them."""
    rows = overview.incidents(
        warehouse_of(request), reader, site=site.strip(), severity=severity, everything=bool(all)
    )
    return page(request, "incidents.html", rows=rows, site=site, severity=severity, everything=bool(all))


@router.get("/work-orders")
def orders(request: Request, reader: Read, site: str = "", all: str = "") -> Response:
    """Work orders that are not done, or all of them."""
    rows = overview.work_orders(warehouse_of(request), reader, site=site.strip(), everything=bool(all))
    return page(request, "work_orders.html", orders=rows, site=site, everything=bool(all))


@router.get("/incidents/{code}")
def incident(request: Request, code: str, reader: Read, day: str = "") -> Response:
    """An incident, its timeline, and the data of a day of it."""
    opened = overview.incident_coded(warehouse_of(request), reader, code, instant(day))
    if opened is None:
        raise Problem(404, "no incident of yours is called so", "see the list of incidents")
    return page(
        request,
        "incident.html",
        incident=opened,
        timeline=timeline(opened),
        charts=charts(opened),
        causes=RCA_CODES,
        may_enter=OPERATE in request.scope["caller"].scopes and reader.as_of is None,
    )


@router.post("/incidents/{code}/{action}")
def enter(
    request: Request,
    code: str,
    action: str,
    caller: Annotated[Caller, Depends(signed_in)],
    form: Annotated[Mapping[str, str], Depends(fields)],
) -> Response:
    """Enter what a person says of an incident."""
    if OPERATE not in caller.scopes:
        raise Problem(403, "your role looks and enters nothing", "ask an admin for the role operator")
    warehouse = warehouse_of(request)
    if overview.incident_coded(warehouse, Reader(caller.sites), code) is None:
        raise Problem(404, "no incident of yours is called so", "see the list of incidents")
    with warehouse.reading() as connection:
        who = person_of(connection, caller)
    said, cause = form.get("words", ""), form.get("cause") or None
    if action == "acknowledge":
        acts.acknowledge(warehouse, code, who, said.strip() or None)
    elif action == "assign":
        acts.assign(warehouse, code, who, form.get("to", ""))
    elif action == "note":
        acts.note(warehouse, code, who, said)
    elif action == "analyse":
        acts.analyse(warehouse, code, who, said, cause)
    elif action == "resolve":
        acts.resolve(warehouse, code, who, said, cause, instant(form.get("at")))
    elif action == "reopen":
        acts.reopen(warehouse, code, who, said)
    else:
        raise Problem(404, "nobody can do that with an incident", "open its page")
    return back(f"/incidents/{code}", "Entered.")


def timeline(incident: overview.Incident) -> list[dict[str, Any]]:
    """Alerts, what people did, and work orders, the newest first."""
    rows: list[dict[str, Any]] = []
    for row in incident.alerts:
        unit = row["battery_code"] or row["string_code"] or "the site"
        title = f"{row['severity']}: {row['title']} of {unit}"
        rows.append({"at": row["at"], "css": row["severity"], "words": row["words"], "title": title})
    for row in incident.entries:
        did = _ACTED[row["action"]].format(to=row["assigned_to"] or "somebody")
        more = [row["note"], f"Cause: {row['rca_code']}." if row["rca_code"] else None]
        more.append(f"Done at {row['done_at']:%Y-%m-%d %H:%M}." if row["done_at"] else None)
        rows.append({"at": row["at"], "css": "person", "title": f"{row['who']} {did}",
                     "words": " ".join(filter(None, more))})  # fmt: skip
    for row in incident.orders:
        rows.append({"at": row["created_at"], "css": "", "title": "Work order", "words": row["title"]})
        if row["completed_at"]:
            rows.append(
                {"at": row["completed_at"], "css": "", "title": "Work order done", "words": row["title"]}
            )
    return sorted(rows, key=lambda row: row["at"], reverse=True)


def charts(incident: overview.Incident) -> dict[str, Markup]:
    """Voltage and temperature of the hours around a day: the jar in its string, or the string's median."""
    own = "jar" if incident.facts["battery_id"] is not None else "usual"
    then: list[tuple[datetime, str]] = [(incident.day, "then")]

    def chart(title: str, unit: str, letter: str) -> Markup:
        lines: list[tuple[str, Sequence[Point]]] = [
            ("line", [(row["at"], row[f"{letter}_{own}"]) for row in incident.hours])
        ]
        if own == "jar":
            lines.insert(0, ("usual", [(row["at"], row[f"{letter}_usual"]) for row in incident.hours]))
        band = [(row["at"], row[f"{letter}_low"], row[f"{letter}_high"]) for row in incident.hours]
        return Chart(
            f"{title} around {incident.day:%Y-%m-%d}", unit, lines, [("around", band)], marks=then
        ).drawn()

    return {"voltage": chart("Voltage", "V", "v"), "temperature": chart("Temperature", "°C", "t")}
