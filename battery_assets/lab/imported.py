"""Labs whose cells come as tables of cycles: no points, no tests, a declared layout.

Such a table has no clock. All lives of a lab are filed under one month, the first of all labs unless its
settings name another. Its cells and cycles stand in the same tables as those of a bench.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.lab.labels import END_OF_LIFE, OBSERVED, EndOfLife, life_of, percent_of_nominal
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.per_cycle.layout import Layout
from battery_assets.ingest.lab.per_cycle.rows import Tables, read_tables, sha256_of
from battery_assets.platform.dagster.partitions import FIRST_LAB_MONTH, Part
from battery_assets.platform.landing import name_in
from battery_assets.platform.registry import accounts
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_CYCLES
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

CYCLES_OF_A_CELL = 4_000_000


@dataclass(frozen=True)
class Terms:
    """A lab's settings: layout, month of its lives, nominal capacity, criterion of their end."""

    layout: Layout
    month: str
    nominal_capacity_ah: float
    end: EndOfLife

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Terms":
        """Raises ValueError for settings that cannot be."""
        layout = Layout.of(config["layout"])
        nominal = config.get("nominal_capacity_ah") or layout.nominal_capacity_ah
        if not nominal or not float(nominal) > 0:
            raise ValueError(f"layout {layout.name} states no nominal capacity: say --nominal-ah 1.1")
        month = Part(month=config.get("month") or FIRST_LAB_MONTH).month
        worn = percent_of_nominal(config.get(END_OF_LIFE))
        return cls(layout, str(month), float(nominal), EndOfLife.at(worn))


@dataclass(frozen=True)
class EnteredTable:
    """What became of a file: its status, and why it is not one that counts."""

    path: Path
    status: str
    reason: str | None = None


def enter_tables(
    warehouse: Warehouse, lab: str, terms: Terms, paths: list[Path], root: Path
) -> Iterator[EnteredTable]:
    """Enter each file that is not in the lab's books yet, under its name from the landing folder `root` on.

    The bytes of an accepted file under another name are a duplicate; a file that was there under the same
    name with other bytes is replaced; one that is no such table is refused with its reason.
    """
    for path in paths:
        sha256 = sha256_of(path)
        key = hashlib.sha256(json.dumps([path.name, sha256]).encode()).hexdigest()
        with warehouse.transaction() as connection:
            entries = intake.entries(connection, lab)
        if key in entries and entries[key].status not in (intake.REPLACED, intake.REFUSED):
            continue
        accepted = {row.key: row.files[0] for row in entries.values() if row.status == intake.ACCEPTED}
        yield _enter(warehouse, lab, terms, path, root, key, sha256, accepted)


def _enter(
    warehouse: Warehouse,
    lab: str,
    terms: Terms,
    path: Path,
    root: Path,
    key: str,
    sha256: str,
    accepted: dict[str, Any],
) -> EnteredTable:
    status, reason, name = intake.ACCEPTED, None, name_in(root, path)
    before = [one for one, file in accepted.items() if file["path"] == name]
    if any(file["sha256"] == sha256 for file in accepted.values()):
        status, reason = intake.DUPLICATE, "its bytes are there already, under another name"
    else:
        others = [root / file["path"] for one, file in accepted.items() if one not in before]
        try:
            read_tables([*others, path], terms.layout, terms.nominal_capacity_ah)
        except FileRefused as refused:
            status, reason = intake.REFUSED, f"{refused.reason}: {refused.detail}"
    with warehouse.transaction() as connection:
        intake.enter(
            connection, lab, key, status, month=None if status == intake.REFUSED else terms.month,
            reason=reason, facts={"layout": terms.layout.document()},
            files=[{"path": name, "sha256": sha256, "reader": f"per-cycle {terms.layout.name}"}],
        )  # fmt: skip
        if status == intake.ACCEPTED:
            intake.replace(connection, lab, before)
    return EnteredTable(path, status, reason)


@dataclass(frozen=True)
class Imported:
    """The tables of a lab's month with its settings. cells: code, cell_id, side, file_number, cycles."""

    terms: Terms
    tables: Tables
    cells: pl.DataFrame

    @classmethod
    def of(cls, warehouse: Warehouse, part: Part, root: Path) -> "Imported | None":
        """None where the lab's cells do not come as tables; `root` is the landing folder.

        Raises ValueError for a file that has changed since.
        """
        with warehouse.transaction() as connection:
            configs = {one.site: one.config for one in registry.sites(connection) if one.source == LAB_CYCLES}
            entries = intake.of_month(connection, str(part.site), str(part.month))
        if part.site not in configs:
            return None
        terms = Terms.of(configs[part.site])
        files = sorted((root / file["path"], file["sha256"]) for row in entries for file in row.files)
        for path, sha256 in files:
            if not path.is_file() or sha256_of(path) != sha256:
                raise ValueError(f"{path} is not what was imported; next step: import it again")
        paths = [path for path, _ in files]
        tables = _nothing() if not paths else read_tables(paths, terms.layout, terms.nominal_capacity_ah)
        return cls(terms, tables, cells_in(str(part.site), tables.rows))

    def cell_rows(self) -> pl.DataFrame:
        """Rows of battery_cell."""
        rows = [
            {
                "cell_id": row["cell_id"], "cell_code": row["cell"],
                "chemistry": self.terms.layout.chemistry,
                "nominal_capacity_ah": self.terms.nominal_capacity_ah,
                END_OF_LIFE: 100.0 * self.terms.end.capacity_share,
            }
            for row in self.cells.to_dicts()
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=polars_schema(t.battery_cell))

    def unit_rows(self) -> pl.DataFrame:
        """Rows of battery_unit: on the side that the table states, else that of the cell's identifier."""
        from battery_assets.features.lab.tables import side_of, unit_number

        files = self.tables.files.to_dicts()
        rows = [
            {
                "unit_id": identity("battery_unit", row["cell_id"]), "cell_id": row["cell_id"],
                "id": unit_number(row["cell_id"]), "group_tag": row["side"] or side_of(row["cell_id"]),
                "total_cycles": row["cycles"], "nominal_capacity": self.terms.nominal_capacity_ah,
                "source": json.dumps(
                    {
                        "file": Path(files[row["file_number"]]["path"]).name,
                        "sha256": files[row["file_number"]]["sha256"],
                        "layout": self.terms.layout.name,
                    }
                ),
            }
            for row in self.cells.to_dicts()
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=polars_schema(t.battery_unit))

    def cycle_rows(self) -> pl.DataFrame:
        """Rows of cycle_data; rul as the table states it, else up to the end of life where that was seen."""
        from battery_assets.features.lab.tables import unit_number

        rows = self.tables.rows.join(self.cells.select("cell", "cell_id"), on="cell", maintain_order="left")
        if self.terms.layout.rul is None:
            lives = [self._left(life) for life in rows.partition_by("cell_id", maintain_order=True)]
            rows = pl.concat(lives) if lives else rows
        numbers = {one: unit_number(one) for one in self.cells["cell_id"]}
        rows = rows.with_columns(
            battery_id=pl.col("cell_id").replace_strict(numbers, return_dtype=pl.Int64),
            row_id=pl.Series(
                [identity("cycle_data", *key) for key in rows.select("cell_id", "cycle_num").iter_rows()],
                dtype=pl.String,
            ),
        ).with_columns(id=pl.col("battery_id") * CYCLES_OF_A_CELL + pl.col("cycle_num"))
        return rows.select(
            pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
            for name, kind in polars_schema(t.cycle_data).items()
        )

    def keep_accounts(self, warehouse: Warehouse, part: Part) -> None:
        """Enter what became of every row of every file into the books."""
        with warehouse.transaction() as connection:
            accounts.put_accounts(
                connection, t.cycle_data, part, self.tables.files, self.tables.quarantine,
                list(self.tables.findings),
            )  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """What Dagster shows of the import: layout and source, and an account of each file."""
        files = self.tables.files.select(
            "path", "sha256", *(n for n in self.tables.files.columns if "rows_" in n)
        )
        return {"layout": "; ".join(self.tables.findings), "files": json.dumps(files.to_dicts())}

    def _left(self, life: pl.DataFrame) -> pl.DataFrame:
        soh = 1.0 - life["pcl"].to_numpy()
        end = life_of(
            life["cycle_num"].to_numpy(), soh, self.terms.end.capacity_share, self.terms.end.confirmed
        )
        left = np.maximum(end.cycles - life["cycle_num"].to_numpy(), 0)
        return life.with_columns(
            rul=pl.Series(left, dtype=pl.Int64) if end.censoring == OBSERVED else pl.lit(None, pl.Int64)
        )


def cells_in(lab: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The cells of rows: cell, side, file_number, cycles, cell_id."""
    cells = (
        rows.group_by("cell")
        .agg(pl.col("side").drop_nulls().first(), pl.col("file_number").first(), cycles=pl.len())
        .sort("cell")
    )
    ids = [identity("battery_cell", lab, code) for code in cells["cell"]]
    return cells.with_columns(cell_id=pl.Series(ids, dtype=pl.String))


def _nothing() -> Tables:
    from battery_assets.ingest.files.accounts import FILES_SCHEMA
    from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA
    from battery_assets.ingest.lab.per_cycle.rows import ROWS_SCHEMA

    return Tables(
        pl.DataFrame(schema=ROWS_SCHEMA), pl.DataFrame(schema=FILES_SCHEMA),
        pl.DataFrame(schema=QUARANTINE_SCHEMA), (),
    )  # fmt: skip
