"""Layouts of per-cycle tables: which column holds what, and in which unit.

Research sets often publish one row a cycle and no points. A layout declares such a table; what it does not
name is not taken. Three are built in; any other is a JSON document with the fields of `Layout`.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

FEATURES = tuple(f"feature_{k}" for k in range(1, 9))


@dataclass(frozen=True)
class Layout:
    """A declared table of cycles.

    `features` gives the column behind each feature_k, `units` its unit. `cell` is the column of the cell's
    code (None: the file's name), `cycle` that of its number, which begins at `first_cycle` (None: the order
    of rows). Health comes as `capacity_ah` or as `pcl`, life as `rul` where the table states it.
    """

    name: str
    features: dict[str, str]
    source: str = ""
    units: dict[str, str] = field(default_factory=dict)
    cell: str | None = None
    cycle: str | None = None
    first_cycle: int = 1
    side: str | None = None
    capacity_ah: str | None = None
    pcl: str | None = None
    rul: str | None = None
    nominal_capacity_ah: float | None = None
    chemistry: str | None = None

    def __post_init__(self) -> None:
        strange = sorted(set(self.features) - set(FEATURES))
        if strange or not self.features:
            raise ValueError(f"layout {self.name}: features are feature_1 to feature_8, not {strange}")
        if (self.capacity_ah is None) == (self.pcl is None):
            raise ValueError(f"layout {self.name}: name one column of health, capacity_ah or pcl")
        twice = [name for name in self.columns if self.columns.count(name) > 1]
        if twice:
            raise ValueError(f"layout {self.name}: column {twice[0]!r} stands for two things")

    @property
    def columns(self) -> list[str]:
        """Every column of the file that the layout takes."""
        named = (self.cell, self.cycle, self.side, self.capacity_ah, self.pcl, self.rul)
        return [*(name for name in named if name), *self.features.values()]

    def document(self) -> dict[str, Any]:
        """The layout as JSON, as a lab's settings keep it."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Layout":
        """The layout of a document. Raises ValueError for a field that is none, or of another kind."""
        strange = sorted(set(document) - {one.name for one in fields(cls)})
        if strange:
            raise ValueError(f"a layout has no field {strange[0]!r}")
        missing = sorted({"name", "features"} - set(document))
        if missing:
            raise ValueError(f"a layout needs {missing[0]!r}")
        if not isinstance(document["features"], dict):
            raise ValueError('features are written as {"feature_1": "column of the file"}')
        return cls(**document)


def layout_of(named: str) -> Layout:
    """The built-in layout of a name, or that of a JSON file. Raises ValueError where it is neither."""
    if named in LAYOUTS:
        return LAYOUTS[named]
    path = Path(named)
    if not path.is_file():
        raise ValueError(f"{named!r} is no layout ({', '.join(LAYOUTS)}) and no JSON file of one")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{named} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{named} holds no object with the fields of a layout")
    return Layout.of(document)


# The eight of sixteen whose signs and sizes the columns of cycle_data hold, from the charge's last phase.
_PINN4SOH = {
    "feature_1": "current slope",
    "feature_2": "CC Q",
    "feature_3": "voltage mean",
    "feature_4": "CV Q",
    "feature_5": "CC charge time",
    "feature_6": "voltage slope",
    "feature_7": "voltage kurtosis",
    "feature_8": "CV charge time",
}
_PINN4SOH_UNITS = {
    "feature_1": "A/s", "feature_2": "Ah", "feature_3": "V", "feature_4": "Ah", "feature_5": "s",
    "feature_6": "V/s", "feature_7": "1", "feature_8": "s",
}  # fmt: skip

LAYOUTS = {
    "severson": Layout(
        name="severson",
        source="Severson et al. (Nat. Energy 2019), features of Wen et al. (PINN-Battery-Prognostics)",
        features={"feature_1": "slope", "feature_2": "intercept", "feature_3": "tavg"},
        units={"feature_1": "as published", "feature_2": "as published", "feature_3": "°C"},
        cell="battery_code", cycle="cycle_num", side="group_tag", pcl="pcl", rul="rul",
        nominal_capacity_ah=1.1, chemistry="LFP",
    ),
    "xjtu": Layout(
        name="xjtu",
        source="XJTU battery set, features of Wang et al. (PINN4SOH, Nat. Commun. 2024)",
        features=_PINN4SOH, units=_PINN4SOH_UNITS,
        cell="battery", cycle="row", first_cycle=0, capacity_ah="capacity",
        nominal_capacity_ah=2.0, chemistry="NMC",
    ),
    "hust": Layout(
        name="hust",
        source="HUST battery set, one file a cell, features of Wang et al. (PINN4SOH, Nat. Commun. 2024)",
        features=_PINN4SOH, units=_PINN4SOH_UNITS, capacity_ah="capacity",
        nominal_capacity_ah=1.1, chemistry="LFP",
    ),
}  # fmt: skip
