"""Master data of jars without what no jar can have: baselines and limits of another unit or scale.

A figure that is left out is one that is not known: what else is known of the jar stands.
"""

import math

import polars as pl

from battery_assets.features.credible.days import emptied, of_string
from battery_assets.features.credible.scales import NOTHING, SCALES, ohmic_scales, together

OHMS, FIRST_AH = "initial_resistance_mohm", "initial_capacity_ah"
LIMITS = ("float_voltage_min_v", "float_voltage_max_v", "boost_voltage_min_v")
# Limits of a lead-acid jar over its nominal voltage: 1.9 to 2.7 V per cell.
LIMIT_SHARE = (0.95, 1.35)
# A new jar's capacity over its rating.
FIRST_SHARE = (0.5, 1.6)


def credible_masters(jars: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Jars without the figures that no lead-acid jar can have, and what was left out: SCALES by string.

    jars: battery_id, string_id, and what `blocks.with_cells` gives; a column that is not there is not judged.
    Ohmic baselines are judged by the string, the others jar by jar.
    """
    objections = [NOTHING]
    if OHMS in jars.columns:
        readings = jars.select("battery_id", resistance_mohm=OHMS)
        objections.append(ohmic_scales(readings, jars, f"battery.{OHMS}").with_columns(column=pl.lit(OHMS)))
        mine = [jar for string in objections[-1]["unit_id"] for jar in of_string(jars, string)]
        jars = emptied(jars, "battery_id", mine, (OHMS,))
    by_nominal = [("battery_model", name, "V", pl.col("nominal_v"), LIMIT_SHARE) for name in LIMITS]
    rated = pl.col("capacity_ah").cast(pl.Float64)
    for table, column, unit, by, usual in (*by_nominal, ("battery", FIRST_AH, "Ah", rated, FIRST_SHARE)):
        if column in jars.columns:
            share = pl.when("lead_acid").then(pl.col(column).cast(pl.Float64) / by)
            judged = jars.with_columns(share=share, odd=~share.is_between(*usual).fill_null(value=True))
            if judged["odd"].any():
                objections.append(_objections_to(judged, f"{table}.{column}", unit, usual))
                jars = emptied(jars, "battery_id", judged.filter("odd")["battery_id"].to_list(), (column,))
    return jars, together(objections)


def _objections_to(jars: pl.DataFrame, column: str, unit: str, usual: tuple[float, float]) -> pl.DataFrame:
    """A row of SCALES for each string with jars of which a column is `odd`: by `share` of what is usual."""
    name = column.partition(".")[2]
    strings = jars.group_by(pl.col("string_id").cast(pl.String), maintain_order=True).agg(
        pl.len().alias("jars"),
        pl.col("share", name).filter(pl.col("odd")).median().cast(pl.Float64),
        nominal_v=pl.col("nominal_v").median().cast(pl.Float64),
        cells=pl.col("cells").median().cast(pl.Int64),
        rows=pl.col("odd").sum().cast(pl.Int64),
    )
    rows = []
    for of in strings.filter(pl.col("rows") > 0).to_dicts():
        likely, word = _likely(unit, of, usual)
        string, term = of["string_id"], f"units={column}:{word}"
        rows.append(("string", string, string, name, "scale", likely, term, of[name], unit, of["rows"]))
    return pl.DataFrame(rows, schema=SCALES, orient="row")


def _likely(unit: str, of: dict, usual: tuple[float, float]) -> tuple[str, str]:
    """The unit that brings a share to what is usual, and the word of the term that says so."""
    decimals = [(10.0, "a shifted decimal", "x10"), (0.1, "a shifted decimal", "/10")]
    volts = [
        (of["cells"], f"volts per cell of {of['cells']}", f"x{of['cells']}"),
        (1 / of["jars"], f"those of the string, of {of['jars']} jars", f"/{of['jars']}"),
    ]
    hours = [(1 / of["nominal_v"], f"watt-hours of {of['nominal_v']:g} V", f"/{of['nominal_v']:g}")]
    likely = [
        (abs(math.log(of["share"] * factor)), words, word)
        for factor, words, word in (*(volts if unit == "V" else hours), *decimals)
        if usual[0] <= of["share"] * factor <= usual[1]
    ]
    return min(likely)[1:] if likely else ("no unit that is known here", "none")
