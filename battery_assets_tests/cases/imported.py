"""Exports and cells as a user imports them: by the command, a few imports for all cases."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from click.testing import CliRunner, Result

from battery_assets.actions.session import Session
from battery_assets.cli import main
from battery_assets.tables.identity import identity
from battery_assets_tests.cases.record import BAD_INPUT, FILES, FIRST_USE

BANGKOK = "Asia/Bangkok"
# Cases that do not disturb each other lie side by side in one export: as many months for all as for one.
TOGETHER = {
    "odd": [
        *(f"{BAD_INPUT}/{name}" for name in ("unknown_jar", "year_2001", "misnamed_file", "zero_capacity")),
        *(f"{BAD_INPUT}/{name}" for name in ("cyclic_replacement", "user_bad_row", "jar_in_two_strings")),
        *(f"{BAD_INPUT}/{name}" for name in ("markup_code", "truncated_gzip", "parquet_text_bomb")),
        *(f"{FILES}/fleet_{name}" for name in ("copied_channel", "ohmic_micro_ohm", "fahrenheit")),
        f"{FILES}/fleet_string_hundredfold",
    ],
    "first-use": [
        f"{FIRST_USE}/fleet/{name}"
        for name in ("system_sum", "jars_of_6v", "chemistry_lfp", "paper_test", "low_jar_called_high",
                     "month_without_rows")
    ],
}  # fmt: skip
ZONES = {"odd": "UTC", "first-use": BANGKOK}
OTHER_CODES = ("PAPER", "PLAIN")
UNITS = {"battery": "jar", "string": "string"}


def without_test(case: Path, folder: Path) -> None:
    """The paper test's site once more, of other ids and codes, without the file of the test."""
    folder.mkdir()
    for file in sorted(
        set(case.glob("*.csv")) - {case / "capacity_test_raw.csv", case / "battery_model.csv"}
    ):
        rows = pl.read_csv(file, infer_schema=False)
        other = {
            name: rows[name].map_elements(lambda one: identity("without", one), return_dtype=pl.String)
            for name in rows.columns
            if name.endswith("_id") and name != "model_id"
        }
        codes = [
            pl.col(name).str.replace(*OTHER_CODES, literal=True) for name in rows.columns if "_code" in name
        ]
        rows.with_columns(*codes, **other).write_csv(folder / file.name)


@dataclass
class Imported:
    """A home in which commands are run; what they said is kept by the name of the site."""

    at: Session
    shared: Path
    folder: Path
    results: dict[str, Result] = field(default_factory=dict)

    def command(self, *words: str) -> Result:
        """A command line, run to its end. What it raises beside its own errors is raised here."""
        done = CliRunner().invoke(
            main, list(words), env={"BATTERY_HOME": str(self.at.settings.home), "COLUMNS": "400"}
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def site(self, name: str) -> Result:
        """What the command said of the site in which cases lie together."""
        if name not in self.results:
            export = self.folder / name
            for case in TOGETHER[name]:
                shutil.copytree(self.shared / case, export / Path(case).name)
            if f"{FIRST_USE}/fleet/paper_test" in TOGETHER[name]:
                without_test(self.shared / FIRST_USE / "fleet" / "paper_test", export / "without_test")
            self.results[name] = self.command(
                "import", "fleet", str(export), "--site", name, "--timezone", ZONES[name]
            )
        return self.results[name]

    def folder_of(self, name: str, export: Path) -> Result:
        """What the command said of an export of our own making."""
        if name not in self.results:
            self.results[name] = self.command(
                "import", "fleet", str(export), "--site", name, "--timezone", "UTC"
            )
        return self.results[name]

    def alone(self, case: Path, site: str, *terms: str, zone: str = BANGKOK) -> Result:
        """What the command said of a case that is a site by itself."""
        contract = [word for term in terms for word in ("--contract", term)]
        return self.command("import", "fleet", str(case), "--site", site, "--timezone", zone, *contract)

    def rows(self, query: str, *, role: str | None = None, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse, as a role sees them."""
        with self.at.warehouse.transaction() as connection:
            if role:
                connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def findings(self, site: str) -> list[str]:
        """Every finding on how the files of a site were read."""
        query = (
            "SELECT DISTINCT jsonb_array_elements_text(findings) FROM platform.ingest_file WHERE site = :site"
        )
        return [words for (words,) in self.rows(query, site=site)]

    def found(self, site: str, words: str) -> str:
        """The one finding of a site that says so."""
        [found] = [finding for finding in self.findings(site) if words in finding]
        return found


@dataclass(frozen=True)
class Units:
    """The strings and jars of a case, and what became of them."""

    world: Imported
    strings: list[str]
    jars: list[str]

    @classmethod
    def of(cls, world: Imported, case: str) -> "Units":
        """Those that the case's own tables name."""
        names = {}
        for table in UNITS:
            text = pl.read_csv(world.shared / case / f"{table}.csv", infer_schema=False)
            names[table] = text[f"{table}_id"].unique().sort().to_list()
        return cls(world, names["string"], names["battery"])

    def states(self) -> pl.DataFrame:
        """Rows of the twin: battery_id, soc_pct, soh_pct."""
        query = (
            "SELECT battery_id::text, soc_pct::float8, soh_pct::float8 FROM fleet.digital_twin_state "
            "WHERE battery_id::text = ANY(:jars) ORDER BY captured_at"
        )
        return self._frame(query, ("battery_id", "soc_pct", "soh_pct")).unique("battery_id", keep="last")

    def lives(self) -> int:
        """How many of the jars have a remaining life."""
        query = (
            "SELECT count(DISTINCT battery_id) FROM fleet.rul_prediction WHERE battery_id::text = ANY(:jars)"
        )
        [(count,)] = self.world.rows(query, jars=self.jars)
        return int(count)

    def all_alerts(self) -> pl.DataFrame:
        """alert_type, severity, battery_id, message of the alerts."""
        query = (
            "SELECT alert_type, severity::text, battery_id::text, message FROM fleet.alert "
            "WHERE battery_id::text = ANY(:jars) OR string_id::text = ANY(:strings)"
        )
        return self._frame(query, ("alert_type", "severity", "battery_id", "message"))

    def alerts(self) -> pl.DataFrame:
        """As `all_alerts`, less those on missing samples: exports that lie side by side are of different days."""
        missing = pl.col("message").str.contains("^[^:]+: (samples are missing|a long stretch)")
        return self.all_alerts().filter(~missing)

    def objections(self, severity: str) -> list[str]:
        """What is objected to in the data of the string or its jars."""
        return self.alerts().filter(alert_type="data_quality", severity=severity)["message"].to_list()

    def runtimes(self) -> list[tuple[Any, ...]]:
        """string_runtime: the basis of its load, minutes."""
        query = (
            "SELECT load_basis, runtime_min FROM fleet.string_runtime WHERE string_id::text = ANY(:strings)"
        )
        return self.world.rows(query, strings=self.strings)

    def _frame(self, query: str, columns: tuple[str, ...]) -> pl.DataFrame:
        rows = self.world.rows(
            query, **{name: value for name, value in (("jars", self.jars), ("strings", self.strings))
                      if f":{name}" in query}
        )  # fmt: skip
        kinds = {name: pl.Float64 if name.endswith("_pct") else pl.String for name in columns}
        return pl.DataFrame(rows, schema=kinds, orient="row")


@contextmanager
def imported(shared: Path, folder: Path) -> Iterator[Imported]:
    """An empty home of its own."""
    import os

    from battery_assets.actions.session import quiet_logs, session
    from battery_assets_tests.worlds.homes import fresh_home

    before = dict(os.environ)
    quiet_logs()
    with fresh_home() as settings, session(settings) as at:
        yield Imported(at, shared, folder)
    os.environ.clear()
    os.environ.update(before)
