"""A day of telemetry without what it cannot say: every estimate, rule and law reads days through this."""

from collections.abc import Collection, Iterable

import polars as pl

from battery_assets.features.credible.inputs import (
    dead_inputs,
    without_codes,
    without_spikes,
)
from battery_assets.features.credible.scales import (
    NOTHING,
    SCALES,
    jar_scales,
    new_mohm,
    ohmic_scales,
    sensor_scales,
    together,
)
from battery_assets.features.credible.string_scales import string_scales

RED_LAW = "red_law"
# Of a new jar's resistance: no weld that opens is read so, by a meter that ends at a few ohms.
A_THOUSAND = (300.0, 3000.0)
# What a column takes with it: conductance is the same reading, ripple the same instrument.
OHMIC = ("resistance_mohm", "conductance_s")
_STRING = ("voltage_v", "current_a", "ripple_voltage_rms_v", "ripple_current_rms_a")
_MEASURED = ("voltage_v", *OHMIC)
_COPIED = (*_MEASURED, "temperature_c")
Judged = tuple[pl.DataFrame, pl.DataFrame]


def without_quarantined(rows: pl.DataFrame, unit: str, jars: pl.DataFrame) -> Judged:
    """A day's rows without what a law does not let stand, and SCALES of the strings concerned.

    unit: battery_id or string_id. jars: `quarantined`, where that is known, says which laws a jar's string
    breaks in the month. Temperatures stay: no law that a string can break looks at them.
    """
    if "quarantined" not in jars.columns or not jars["quarantined"].count():
        return rows, NOTHING
    held = jars.filter(pl.col("quarantined").is_not_null())
    strings = held.select(pl.col("string_id").cast(pl.String), "quarantined").unique().sort("string_id")
    columns = _MEASURED if unit == "battery_id" else _STRING
    rows = emptied(rows, unit, held[unit].cast(pl.String).unique().to_list(), columns)
    return rows, pl.DataFrame(
        [
            ("string", string, string, "", RED_LAW, laws, None, None, "", rows.height)
            for string, laws in strings.iter_rows()
        ],
        schema=SCALES,
        orient="row",
    )


def credible_jars(rows: pl.DataFrame, jars: pl.DataFrame) -> Judged:
    """A day of telemetry_jar_raw, NULL where a value is none of the jar's, and what was left out (SCALES).

    rows are sorted by (unit, ts); jars are as `blocks.with_cells` gives them.
    """
    from battery_assets.features.credible.copies import copied_channels

    if rows.is_empty() or jars.is_empty():
        return rows, NOTHING
    rows, codes = without_codes(rows)
    judged = together([jar_scales(rows, jars), dead_inputs(rows, jars), copied_channels(rows, jars)])
    for kind, of, column, code in judged.select("unit_kind", "unit_id", "column", "code").iter_rows():
        mine = [of] if kind == "jar" else of_string(jars, of)
        taken = _COPIED if code == "copied_channel" else OHMIC if column in OHMIC else (column,)
        rows = emptied(rows, "battery_id", mine, taken)
    rows, spikes = without_spikes(rows, jars)
    rows, quarantined = without_quarantined(rows, "battery_id", jars)
    return rows, together([judged, codes, spikes, quarantined])


def credible_strings(rows: pl.DataFrame, jars: pl.DataFrame) -> Judged:
    """A day of telemetry_string_raw, NULL where a value is none of the string's, and what was left out."""
    if rows.is_empty() or jars.is_empty():
        return rows, NOTHING
    rows, codes = without_codes(rows)
    judged = string_scales(rows, jars)
    rows = emptied(rows, "string_id", judged["unit_id"].to_list(), _STRING)
    rows, quarantined = without_quarantined(rows, "string_id", jars)
    return rows, together([judged, codes, quarantined])


def credible_rooms(rows: pl.DataFrame) -> Judged:
    """A day of telemetry_env without the temperatures that no room has, and what was left out (by sensor)."""
    judged = sensor_scales(rows)
    return emptied(rows, "sensor_id", judged["unit_id"].to_list(), ("temperature_c",)), judged


def credible_rounds(rounds: pl.DataFrame, jars: pl.DataFrame) -> Judged:
    """Rows of impedance_measurement_raw without those whose unit no jars can have, and these (with `day`).

    A string's readings of a month are one round. jars: as for `credible_jars`.
    """
    doubted, kept = [NOTHING.with_columns(day=pl.lit(None, pl.Date))], [rounds.clear()]
    for _, of in rounds.group_by(pl.col("measured_at").dt.truncate("1mo"), maintain_order=True):
        judged = ohmic_scales(of, jars, "impedance_measurement_raw.resistance_mohm")
        strings = [of_string(jars, string) for string in judged["unit_id"]]
        mine = [jar for of_one in strings for jar in of_one]
        others = of.filter(~pl.col("battery_id").cast(pl.String).is_in(mine).fill_null(value=False))
        others, mixed = _of_one_unit(others, jars)
        kept.append(others)
        judged = together([judged, mixed])
        doubted.append(judged.with_columns(day=pl.lit(of["measured_at"].min()).dt.date()))
    return pl.concat(kept), pl.concat(doubted)


def _of_one_unit(round_: pl.DataFrame, jars: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The readings of a round without single ones that stand in another unit, and SCALES of their strings.

    A meter that changes its range writes one jar's reading in µΩ or Ω among others in mΩ.
    """
    new = jars.select(pl.col("battery_id", "string_id").cast(pl.String), new=new_mohm()).unique("battery_id")
    readings = round_.with_columns(battery=pl.col("battery_id").cast(pl.String)).join(
        new, left_on="battery", right_on="battery_id", how="left", maintain_order="left"
    )
    share = pl.col("resistance_mohm").cast(pl.Float64) / pl.col("new")
    other = (share.is_between(*A_THOUSAND) | (1 / share).is_between(*A_THOUSAND)).fill_null(value=False)
    readings = readings.with_columns(other=other & (pl.col("resistance_mohm") > 0), share=share)
    odd = readings.filter("other")
    if odd.is_empty():
        return round_, NOTHING
    sentences = []
    for (string,), of in odd.group_by("string_id", maintain_order=True):
        likely, word = ("µΩ", "uohm") if of["share"][0] > 1 else ("Ω", "ohm")
        shown = float(of["resistance_mohm"].cast(pl.Float64).median())  # type: ignore[arg-type]
        words = f"{likely}, of {of.height} of its readings"
        sentences.append(("string", string, string, "resistance_mohm", "scale", words,
                     f"units=impedance_measurement_raw.resistance_mohm:{word}, for a file of these alone",
                     shown, "mΩ", of.height))  # fmt: skip
    return round_.filter(~readings["other"]), pl.DataFrame(sentences, schema=SCALES, orient="row")


def withheld(judged: Iterable[pl.DataFrame], jars: pl.DataFrame) -> set[str]:
    """The jars whose charge, health and life cannot be told on a day that was so judged.

    An ohmic reading of another unit is left out by itself: what else is known of the jar stands.
    """
    units: set[str] = set()
    for kind, of, column, code in (
        pl.concat(judged).select("unit_kind", "unit_id", "column", "code").iter_rows()
    ):
        if code == RED_LAW or (code == "scale" and kind == "string" and column not in OHMIC):
            units.update(of_string(jars, of))
        elif code == "copied_channel":
            units.add(of)
    return units


def of_string(jars: pl.DataFrame, string: str) -> list[str]:
    """The jars of a string."""
    return jars.filter(pl.col("string_id").cast(pl.String) == string)["battery_id"].cast(pl.String).to_list()


def emptied(rows: pl.DataFrame, unit: str, units: Collection[str], columns: tuple[str, ...]) -> pl.DataFrame:
    """Rows without the values of units in columns."""
    if not units:
        return rows
    kind, wanted = rows.schema[unit], set(units)
    if isinstance(kind, pl.Enum):
        # A text for each of millions of rows costs twenty times as much as their codes.
        own = pl.Series([name for name in kind.categories if name in wanted], dtype=kind)
        mine = pl.col(unit).is_in(own.implode())
    else:
        mine = pl.col(unit).cast(pl.String).is_in(list(wanted))
    present = [name for name in columns if name in rows.columns]
    return rows.with_columns(pl.when(~mine).then(pl.col(name)).alias(name) for name in present)
