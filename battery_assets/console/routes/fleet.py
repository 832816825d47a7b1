"""The fleet: a map of sites with what is wrong now, and the jars that fail first."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup, escape

from battery_assets.actions.overview import blindness, sites
from battery_assets.actions.overview.reader import Reader
from battery_assets.console.pages import Page, page, reader_of, warehouse_of

router = APIRouter(route_class=Page, include_in_schema=False)
WIDTH, HEIGHT, MARGIN = 440.0, 320.0, 60.0


@router.get("/")
def fleet(request: Request, reader: Annotated[Reader, Depends(reader_of)]) -> Response:
    """What is wrong now, everywhere."""
    warehouse = warehouse_of(request)
    data = {one.site: one for one in blindness.data(warehouse, reader).sites}
    rows = []
    for row in sites.sites(warehouse, reader):
        own = data[row["site"]]
        rows.append({**row, "wrong": _wrong(row, own), "newest": own.newest, "late": own.late})
    total = {name: sum(row[name] or 0 for row in rows)
             for name in ("unacknowledged", "critical", "unsure", "likely", "overdue")}  # fmt: skip
    total["blind"] = sum(bool(one.blind) for one in data.values())
    first = sites.first_to_fail(warehouse, reader)
    return page(request, "fleet.html", sites=rows, total=total, first=first, map=drawn(rows, reader))


def _wrong(row: Mapping[str, Any], data: blindness.SiteData) -> list[tuple[str, str]]:
    """What is wrong at a site in a few words each, with how grave it is."""
    other = row["incidents"] - row["critical"] - row["high"]
    counted = [
        (row["critical"], "critical incident", "critical"), (row["high"], "high incident", "high"),
        (row["unsure"], "string may not carry its load", "critical"),
        (row["faults"], "faulty jar", "critical"),
        (row["likely"], "jar likely to fail", "high"), (row["overdue"], "overdue", "late"),
        (other, "lesser incident", "medium"),
    ]  # fmt: skip
    wrong = [(f"{count} {_several(said, count)}", level) for count, said, level in counted if count]
    if data.blind:
        wrong.append((f"{len(data.blind)} of {len(blindness.RESTS_ON)} alerts blind", "late"))
    return wrong


def _several(said: str, count: int) -> str:
    """Words for one thing, as of several."""
    noun, _, rest = said.partition(" may ")
    if count == 1 or said == "overdue":
        return said
    if rest:
        return f"{noun}s may {rest.replace('its', 'their')}"
    return f"jars{said.removeprefix('jar')}" if said.startswith("jar ") else f"{said}s"


def drawn(rows: Sequence[Mapping[str, Any]], reader: Reader) -> Markup:
    """The sites by longitude and latitude; each place is a link whose shape and words say its state."""
    placed = [row for row in rows if row["latitude"] is not None and row["longitude"] is not None]
    if not placed:
        return Markup('<p class="note">No site says where it is.</p>')
    east = [float(row["longitude"]) for row in placed]
    north = [float(row["latitude"]) for row in placed]
    # One degree is as long either way on the page: a country keeps its shape.
    scale = min((WIDTH - 2 * MARGIN) / max(max(east) - min(east), 0.5),
                (HEIGHT - MARGIN) / max(max(north) - min(north), 0.5))  # fmt: skip
    middle = ((max(east) + min(east)) / 2, (max(north) + min(north)) / 2)

    def x(value: float) -> float:
        return WIDTH / 2 + (value - middle[0]) * scale

    def y(value: float) -> float:
        return HEIGHT / 2 - (value - middle[1]) * scale

    parts = []
    for degree in range(-90, 91):
        if 8 < y(degree) < HEIGHT - 8:
            parts.append(f'<path class="grid" d="M0 {y(degree):.1f}H{WIDTH:.0f}"/>')
            if degree % 2 == 0:
                parts.append(
                    f'<text x="2" y="{y(degree) - 2:.1f}">{abs(degree)}° {"N" if degree >= 0 else "S"}</text>'
                )
    for row, lon, lat in zip(placed, east, north, strict=True):
        parts.append(_place(row, x(lon), y(lat), reader.query))
    label = f"Map of {len(placed)} sites; the table beside it says the same"
    box = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return Markup(
        f'<svg class="map" viewBox="{box}" role="group" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _place(row: Mapping[str, Any], x: float, y: float, query: str) -> str:
    """A circle where nothing is wrong, a square or a diamond where something is."""
    grave = {level for _, level in row["wrong"]}
    state = "bad" if "critical" in grave else "warn" if grave else "good"
    shape = {
        "bad": f'<rect class="place" x="{x - 9:.1f}" y="{y - 9:.1f}" width="18" height="18"/>',
        "warn": f'<path class="place" d="M{x:.1f} {y - 11:.1f}l11 11l-11 11l-11 -11z"/>',
        "good": f'<circle class="place" cx="{x:.1f}" cy="{y:.1f}" r="9"/>',
    }[state]
    said = row["wrong"][0][0] if row["wrong"] else "nothing is wrong"
    name = escape(row["site"])
    left = x > WIDTH * 0.62
    anchor, at = ("end", x - 15) if left else ("start", x + 15)
    return (
        f'<a class="{state}" href="/sites/{name}{query}">{shape}'
        f'<text class="name" x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}">{name}</text>'
        f'<text x="{at:.1f}" y="{y + 13:.1f}" text-anchor="{anchor}">{escape(said)}</text></a>'
    )
