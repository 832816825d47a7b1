"""Which cells of a lab a training sees, and on which side each of them is."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.networks.cells import Cells

ROLES = ("train", "val", "test")
# Without a third side of its own, a lab's training cells give every fifth to validation.
EVERY = 5
FINGERPRINT = 30


class BadSelection(ValueError):
    """Cells cannot be chosen so; the message says which, and what to do."""


@dataclass(frozen=True)
class Selection:
    """rows: cycle_data with cell_id and role. versions: sha256 of each partition that was read."""

    rows: pl.DataFrame
    versions: dict[str, str]

    @property
    def roles(self) -> dict[int, str]:
        """Side of each battery_unit.id."""
        return dict(self.rows.select("battery_id", "role").unique().sort("battery_id").iter_rows())

    @property
    def numbers(self) -> dict[str, int]:
        """battery_unit.id of each cell_id."""
        return dict(self.rows.select("cell_id", "battery_id").unique().iter_rows())

    @property
    def version(self) -> str:
        """One checksum over all that was read."""
        return version_of(self.versions)

    def cells(self, role: str, features: tuple[str, ...]) -> "Cells":
        """The cells of a side as arrays."""
        from battery_assets.learning.networks.cells import Cells

        return Cells.of(self.rows.filter(role=role), features)


def select(warehouse: Warehouse, lab: str, asked: dict[str, list[int]] | None = None) -> Selection:
    """The cells of a lab. asked: numbers of cells by side; without it the lab's own split.

    A lab with train, val and test keeps them. One without test is judged on its val, and every fifth of its
    training cells validates. Raises BadSelection.
    """
    part = Part(site=lab)
    rows = warehouse.read(t.cycle_data, part).collect()
    units = warehouse.read(t.battery_unit, part).collect()
    if rows.is_empty():
        raise BadSelection(f"lab {lab} has no cycle_data; next step: import cells, or run its months")
    with warehouse.transaction() as connection:
        parts = registry.committed_parts(connection, t.cycle_data, site=lab)
    roles = roles_of(units, asked)
    numbered = units.select("cell_id", battery_id="id").with_columns(
        role=pl.col("battery_id").replace_strict(roles, default=None, return_dtype=pl.String)
    )
    chosen = rows.join(numbered.drop_nulls("role"), on="battery_id", how="inner")
    refuse_missing(chosen["role"].unique().to_list())
    refuse_twins(chosen)
    return Selection(chosen, {f"cycle_data {row.month}|{lab}": row.sha256 for row in parts})


def roles_of(units: pl.DataFrame, asked: dict[str, list[int]] | None) -> dict[int, str]:
    """Side of each cell of battery_unit by its number: as asked, else the lab's own. Raises BadSelection."""
    return _asked(asked, set(units["id"])) if asked else _own_split(units)


def refuse_missing(there: list[str]) -> None:
    """Raises BadSelection for a side without cells."""
    missing = [role for role in ROLES if role not in there]
    if missing:
        raise BadSelection(f"no cell is on the side {missing[0]}; next step: name some, or bring in more")


def version_of(versions: dict[str, str]) -> str:
    """One checksum over the checksums of all that was read."""
    said = "".join(f"{name}{sha256}" for name, sha256 in sorted(versions.items()))
    return hashlib.sha256(said.encode()).hexdigest()


def sides_of(roles: dict[int, str]) -> dict[str, list[int]]:
    """Numbers of cells by side, from the side of each."""
    return {side: [one for one, role in roles.items() if role == side] for side in set(roles.values())}


def _own_split(units: pl.DataFrame) -> dict[int, str]:
    tags = dict(units.sort("id").select("id", "group_tag").iter_rows())
    if "test" in tags.values() and "val" in tags.values():
        return tags
    training = [number for number, tag in tags.items() if tag == "train"]
    validating = set(training[EVERY - 1 :: EVERY])
    return {
        number: "test" if tag != "train" else "val" if number in validating else "train"
        for number, tag in tags.items()
    }


def _asked(asked: dict[str, list[int]], battery_ids: set[int]) -> dict[int, str]:
    roles: dict[int, str] = {}
    for role, numbers in asked.items():
        if role not in ROLES:
            raise BadSelection(f"{role!r} is no side of a split: {', '.join(ROLES)}")
        for number in numbers:
            if number not in battery_ids:
                raise BadSelection(
                    f"battery {number} is not known; next step: see battery_unit.id of the lab"
                )
            if roles.setdefault(number, role) != role:
                raise BadSelection(f"battery {number} is on the sides {roles[number]} and {role}")
    return roles


def refuse_twins(rows: pl.DataFrame) -> None:
    """One cell under two names on two sides would be judged on itself: curves that are equal are one cell.

    rows: cell_id, role, cycle_num, pcl, feature_1, feature_2. Equal means half of the first cycles, to the
    digits that both a file and a table have. Raises BadSelection.
    """
    features = (pl.col(name).cast(pl.Float64).round_sig_figs(4) for name in ("feature_1", "feature_2"))
    digits = (pl.col("pcl").cast(pl.Float64).round(4), *features)
    prints = (
        rows.sort("cell_id", "cycle_num")
        .group_by("cell_id", "role", maintain_order=True)
        .head(FINGERPRINT)
        .with_columns(print=pl.struct("cycle_num", *digits).hash(seed=0))
        .select("cell_id", "role", "print")
    )
    pairs = prints.join(prints, on="print", suffix="_other").filter(
        (pl.col("role") != pl.col("role_other")) & (pl.col("cell_id") < pl.col("cell_id_other"))
    )
    twins = pairs.group_by("cell_id", "cell_id_other").len().filter(pl.col("len") >= FINGERPRINT // 2)
    if twins.height:
        one, other, _ = twins.sort("cell_id", "cell_id_other").row(0)
        raise BadSelection(f"cells {one} and {other} have one curve, on two sides; next step: leave one out")
