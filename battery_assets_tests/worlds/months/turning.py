"""A site that lives night after night over a month's end, with a model in production, by a stopped clock."""

import inspect
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import sqlalchemy as sa

from battery_assets import definitions
from battery_assets import tables as t
from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.labels import labelled
from battery_assets.learning.life.model import Recipe, fit, save
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.steps import body_of
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.estimation.ageing import ageing_world
from battery_assets_tests.worlds.months.nightly import TABLES, Site

# A self test of 24 s in October, no load in the first days of November; a jar is swapped on 4 November.
CONFIG = {
    "place": "surat-thani", "seed": 179, "interval_s": 20, "strings": 2, "jars_per_string": 4,
    "start": "2025-10",
}  # fmt: skip
SWAPPED = date(2025, 11, 4)
NIGHTS = [date(2025, 10, 30) + timedelta(days=n) for n in range(10)]
QUICK = Recipe(iterations=60, distributions=("Normal",), scales=(0.8,), folds=3)
# Captures would tell a load of any month of the year: most sites have none.
WITHOUT_CAPTURES = [table for table in TABLES if table is not t.telemetry_event_window]


class OneModel:
    """A tracking server that has one model file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def fetched(self, name: str, version: str) -> Iterator[Path]:
        yield self.path


def model_file(folder: Path) -> tuple[Path, str]:
    """A model of another fleet, and its sha256."""
    world = ageing_world(2)
    snaps = snapshots(world.features, world.twins, world.batteries)
    model, _ = fit(labelled(snaps, world.batteries, world.ends(), world.cutoff), QUICK, lambda *_: None)
    path = folder / "model.cbm"
    return path, save(model, path)


class Turning(Site):
    """The site, made as its schedules would make it."""

    def __init__(self, warehouse, landing, config: dict = CONFIG, name: str = "turning") -> None:
        super().__init__(warehouse, landing, config, name)

    def put_model(self, path: Path, sha256: str, month: str) -> None:
        """Bring a model into production."""
        part = Part(month=month)
        row = dict.fromkeys(polars_schema(t.ml_model)) | {
            "model_id": identity("ml_model", month), "model_name": "rul", "model_type": "catboost_rul",
            "version": f"{month}.1", "status": "production", "artifact_url": "models:/rul/1",
            "hyperparameters_json": json.dumps({"model_sha256": sha256}), "training_data_end": part.start,
        }  # fmt: skip
        rows = pl.DataFrame([row], schema=polars_schema(t.ml_model))
        self.warehouse.replace(t.ml_model, self.warehouse.claim(t.ml_model, part), rows)
        self.tracking = OneModel(path)

    def night(self, night: date, only: Iterable[sa.Table] = WITHOUT_CAPTURES) -> None:
        """What is run at 01:15 of a night: on the 1st the month before too, whose last day is over."""
        day = night - timedelta(days=1)
        for month in sorted({f"{day:%Y-%m}", f"{night:%Y-%m}"}):
            self.part = Part(self.part.site, month)
            self.run(day, only)

    def not_passed(self, night: date) -> list[str]:
        """What the checks of the site's tables say against the month at 01:15 of a night."""
        run = SimpleNamespace(tags={})
        of_part = SimpleNamespace(has_partition_key=True, partition_key=self.part.key, run=run)
        context, wanted = SimpleNamespace(op_execution_context=of_part), {table.name for table in TABLES}
        said = []
        with clock.stop_at(datetime(night.year, night.month, night.day, 1, 15, tzinfo=UTC)):
            for check in definitions.checks:
                [spec] = check.check_specs
                if (
                    spec.asset_key.path[-1] not in wanted
                    or spec.asset_key.path[-1] == "telemetry_event_window"
                ):
                    continue
                body, given = body_of(check), {"warehouse": self.warehouse, "tracking": self.tracking}
                taken = inspect.signature(body).parameters
                result = body(context, **{word: one for word, one in given.items() if word in taken})
                if not result.passed:
                    said.append(f"{spec.asset_key.path[-1]} {spec.name}: {result.description}")
        return said
