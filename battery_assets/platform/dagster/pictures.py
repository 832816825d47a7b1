"""Pictures that are drawn once: what they show did not change, so neither did they."""

from collections.abc import Callable
from importlib.metadata import version

import dagster as dg
import numpy as np

from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.warehouse.resource import Warehouse

_DRAWN_BY = {name: version(name) for name in ("matplotlib", "pillow")}


def keep_picture(
    warehouse: Warehouse, part: Part, name: str, made_from: str, draw: Callable[[], bytes | None], *, by: str
) -> dict[str, dg.MarkdownMetadataValue]:
    """The PNG of a month that `draw` gives, by its name; empty where it gives None.

    `made_from` says what the picture is made from. It is drawn again where that, the code, or what draws it
    is another, and where the partition's run makes all from scratch. `by` is the module that draws.
    """
    first = part.start.date()
    given = {first: digest(made_from, _DRAWN_BY)}
    with warehouse.reductions(f"picture: {name}", part, given, by=by) as plan:
        for day in plan.to_make:
            plan.save(day, png=np.frombuffer(draw() or b"", np.uint8))
    [(_, values)] = plan.saved()
    png = values["png"].tobytes()
    return {name: picture(png)} if png else {}
