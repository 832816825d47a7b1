"""A site: its strings and how long they last, and every jar in its place."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.overview.reader import Reader
from battery_assets.actions.overview.site import site_named
from battery_assets.actions.overview.sites import first_to_fail
from battery_assets.api.problems import Problem
from battery_assets.console.heat import QUANTITIES, heat_map
from battery_assets.console.pages import Page, page, reader_of, warehouse_of

router = APIRouter(route_class=Page, include_in_schema=False)
BAR = 120.0


@router.get("/sites/{name}")
def site(
    request: Request, name: str, reader: Annotated[Reader, Depends(reader_of)], show: str = "health"
) -> Response:
    """A site as it is known. `show` is one of QUANTITIES."""
    warehouse = warehouse_of(request)
    shown = site_named(warehouse, reader, name)
    if shown is None:
        raise Problem(404, "no site of yours is called so", "see the list of the fleet")
    return page(
        request,
        "site.html",
        site=shown,
        heat=heat_map(shown.jars, show),
        quantities=QUANTITIES.values(),
        bars=_bars(shown.strings),
        jar_at=lambda code: f"/jars/{quote(code)}{reader.query}",
        first=first_to_fail(warehouse, reader, name, 5),
        incidents=shown.incidents,
        stale=any(row["stale"] for row in shown.jars),
    )


def _bars(strings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Width of each string's bar and place of its mark; what is needed twice over fills the bar."""
    bars = {}
    for row in strings:
        needed = float(row["required_min"] or 0) or 1.0
        share = min(float(row["runtime_min"] or 0) / (2 * needed), 1.0)
        bars[row["string_code"]] = (f"{BAR * share:.1f}", f"{BAR / 2:.1f}")
    return bars
