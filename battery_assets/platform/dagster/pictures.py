"""Pictures that are drawn once: what they show did not change, so neither did they."""

from collections.abc import Callable
from datetime import date
from importlib.metadata import version

import dagster as dg
import numpy as np

from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.work import alone, reduce_days
from battery_assets.platform.warehouse.resource import Warehouse

_DRAWN_BY = {name: version(name) for name in ("matplotlib", "pillow")}


def keep_picture(
    warehouse: Warehouse, part: Part, name: str, made_from: str, draw: Callable[[], bytes | None], *, by: str
) -> dict[str, dg.MarkdownMetadataValue]:
    """The PNG of a month that `draw` gives, by its name; empty where it gives None.

    `made_from` says what the picture is made from. It is drawn again where that, the code, or what draws it
    is another, and where the partition's run makes all from scratch. `by` is the module that draws.
    """
    inputs = {part.start.date(): digest(made_from, _DRAWN_BY)}

    def drawn(_day: date, _: None) -> np.ndarray:
        return np.frombuffer(draw() or b"", np.uint8)

    [png] = reduce_days(warehouse, f"picture: {name}", part, inputs, alone, drawn, by=by).values()
    return {name: picture(png.tobytes())} if png.size else {}
