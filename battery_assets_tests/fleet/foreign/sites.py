"""Sites as another system would export them: one string on float, hour by hour, and what is made wrong in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.tables.identity import identity

BEGAN = datetime(2025, 3, 4, tzinfo=UTC)
Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass
class ForeignSite:
    """A string of jars of some cells, sampled every `step_min` for `days`."""

    name: str
    jars: int = 6
    cells: int = 6
    days: int = 2
    step_min: int = 30
    chemistry: str = "VRLA"
    capacity_ah: float = 100.0
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = {**self._masters(), **self._telemetry()}

    def id(self, kind: str, *more: object) -> str:
        return identity(kind, "foreign", self.name, *more)

    @property
    def instants(self) -> list[datetime]:
        steps = self.days * 24 * 60 // self.step_min
        return [BEGAN + timedelta(minutes=self.step_min * n) for n in range(steps)]

    def _masters(self) -> dict[str, pl.DataFrame]:
        stamps = {"created_at": BEGAN, "updated_at": BEGAN}
        nominal = 2.0 * self.cells
        location, system, model, string = (
            self.id(kind) for kind in ("location", "system", "model", "string")
        )
        rows = {
            "location": [{"location_id": location, "location_code": f"L-{self.name}"[:20], "location_name": "Elsewhere",
                          "region": "central", "city": "Nonthaburi", "timezone": "UTC", **stamps}],
            "battery_model": [{"model_id": model, "model_name": f"E{nominal:g}-{self.name}",
                               "chemistry": self.chemistry, "nominal_voltage_v": nominal,
                               "capacity_ah": self.capacity_ah, "float_voltage_min_v": 2.25 * self.cells,
                               "float_voltage_max_v": 2.3 * self.cells}],
            "battery_system": [{"system_id": system, "location_id": location, "system_code": f"{self.name}-U1",
                                "system_type": "UPS", **stamps}],
            "string": [{"string_id": string, "system_id": system, "string_code": f"{self.name}-S1",
                        "string_position": 1, "batteries_count": self.jars,
                        "nominal_voltage_v": nominal * self.jars, **stamps}],
            "battery": [{"battery_id": self.id("jar", n), "string_id": string, "model_id": model,
                         "battery_code": f"{self.name}-J{n:02d}", "position_in_string": n, "status": "active",
                         "installed_date": datetime(2023, 1, 1).date(), "initial_capacity_ah": self.capacity_ah,
                         "initial_resistance_mohm": 4.25 * 120 / self.capacity_ah * self.cells / 6, **stamps}
                        for n in range(1, self.jars + 1)],
        }  # fmt: skip
        return {name: pl.DataFrame(of) for name, of in rows.items()}

    def _telemetry(self) -> dict[str, pl.DataFrame]:
        rng = np.random.default_rng(len(self.name) + self.jars)
        at = self.instants
        own = 2.27 * self.cells + 0.005 * self.cells * rng.standard_normal(self.jars)
        volts = (
            own
            + 0.02 * self.cells / 6 * rng.standard_normal((len(at), 1))
            + 0.003 * self.cells / 6 * rng.standard_normal((len(at), self.jars))
        )
        warm = 25.0 + 0.5 * rng.standard_normal(self.jars) + 0.3 * rng.standard_normal((len(at), self.jars))
        jar = pl.DataFrame(
            {
                "ts": np.repeat(np.array(at, dtype=object), self.jars).tolist(),
                "battery_id": [self.id("jar", n) for n in range(1, self.jars + 1)] * len(at),
                "voltage_v": volts.ravel().round(3),
                "temperature_c": warm.ravel().round(1),
            }
        )
        string = pl.DataFrame(
            {
                "ts": at,
                "string_id": [self.id("string")] * len(at),
                "voltage_v": volts.sum(axis=1).round(2),
                "current_a": (0.08 + 0.005 * rng.standard_normal(len(at))).round(3),
                "mode": ["float"] * len(at),
            }
        )
        return {"telemetry_jar_raw": jar, "telemetry_string_raw": string}

    def rounds(self, of_new: Callable[[float], float]) -> None:
        """Ohmic readings of every jar, each made of what a new jar has."""
        new = 4.25 * 120 / self.capacity_ah * self.cells / 6
        self.tables["impedance_measurement_raw"] = pl.DataFrame(
            {
                "measurement_id": [self.id("round", n) for n in range(self.jars)],
                "battery_id": [self.id("jar", n) for n in range(1, self.jars + 1)],
                "measured_at": [BEGAN + timedelta(hours=5, minutes=n) for n in range(self.jars)],
                "resistance_mohm": [of_new(new * (1 + 0.02 * n)) for n in range(self.jars)],
                "temperature_c": [25.0] * self.jars,
            }
        )

    def changed(self, table: str, change: Change) -> "ForeignSite":
        """The site with a table that is otherwise."""
        self.tables[table] = change(self.tables[table])
        return self

    def jar(self, n: int) -> pl.Expr:
        return pl.col("battery_id") == self.id("jar", n)

    def write(self, folder: Path) -> Path:
        """The export as CSV files."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            text = rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ")
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return folder
