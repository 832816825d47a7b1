"""Every jar of a site in its place: a table whose cells are links, coloured by one of four quantities."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from battery_assets.actions.overview.reader import Row


@dataclass(frozen=True)
class Quantity:
    """What cells show. edges: over which a cell is one step better, or one step worse where `high` is bad."""

    name: str
    title: str
    column: str
    unit: str
    edges: tuple[float, float, float, float]
    high_is_bad: bool
    digits: int = 0
    factor: float = 1.0

    def bands(self) -> list[tuple[str, str]]:
        """Class and words of each band, the worst first."""
        ends = ("over {}", "up to {}") if self.high_is_bad else ("under {}", "from {}")
        between = [f"{min(x, y):g} to {max(x, y):g}" for x, y in pairwise(self.edges)]
        words = [ends[0].format(f"{self.edges[0]:g}"), *between, ends[1].format(f"{self.edges[-1]:g}")]
        return [(f"h{k}", f"{word} {self.unit}") for k, word in enumerate(words)]


# Edges as the alert rules have them: health 80/85/90, resistance +20/+30/+50 %, float 0.15/0.25 V, 35/45 °C.
QUANTITIES = {
    one.name: one
    for one in (
        Quantity("health", "Health", "soh_pct", "%", (80, 85, 90, 95), False),
        Quantity("resistance", "Resistance", "r_internal_baseline_pct", "% of new", (150, 130, 120, 110),
                 True),
        Quantity("temperature", "Temperature", "t_mean", "°C", (45, 35, 30, 27), True),
        Quantity("deviation", "Deviation", "v_balance_mean", "mV from the string", (600, 250, 150, 80), True,
                 factor=1000.0),
        Quantity("risk", "Failure", "failure_probability_90d", "% within 90 days", (50, 20, 10, 5), True,
                 factor=100.0),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Heat:
    """Rows of a map: string, its cells (class, code, text, words), None where no jar stands."""

    quantity: Quantity
    positions: Sequence[int]
    rows: Sequence[tuple[str, Sequence[tuple[str, str, str, str] | None]]]


def heat_map(jars: Sequence[Row], name: str) -> Heat:
    """Jars by string and position. jars: rows of a site's overview."""
    one = QUANTITIES.get(name, QUANTITIES["health"])
    columns = ("string_code", "battery_code", "position_in_string", one.column, "fault")
    frame = pl.DataFrame(
        {column: [row[column] for row in jars] for column in columns},
        {"string_code": pl.String, "battery_code": pl.String, "position_in_string": pl.Int64,
         one.column: pl.Float64, "fault": pl.String},
    )  # fmt: skip
    value = pl.col(one.column) * one.factor
    worse = [value > edge if one.high_is_bad else value < edge for edge in one.edges]
    band = (
        pl.when(value.is_null()).then(pl.lit("hn")).when(worse[0]).then(pl.lit("h0"))
        .when(worse[1]).then(pl.lit("h1")).when(worse[2]).then(pl.lit("h2"))
        .when(worse[3]).then(pl.lit("h3")).otherwise(pl.lit("h4"))
    )  # fmt: skip
    fault = pl.col("fault").str.replace_all("_", " ")
    said = value.round(one.digits).cast(pl.Int64).cast(pl.String)
    drawn = frame.with_columns(
        css=band + pl.when(pl.col("fault").is_null()).then(pl.lit("")).otherwise(pl.lit(" f")),
        text=said.fill_null("?"),
        words=pl.coalesce(fault, said + f" {one.unit}", pl.lit("not known")),
    )
    positions = sorted(frame["position_in_string"].unique().to_list())
    cells: dict[str, dict[int, tuple[str, str, str, str]]] = {}
    chosen = drawn.select("string_code", "position_in_string", "css", "battery_code", "text", "words")
    for string, position, *cell in chosen.iter_rows():
        cells.setdefault(string, {})[position] = tuple(cell)
    return Heat(
        one, positions, [(string, [own.get(at) for at in positions]) for string, own in cells.items()]
    )
