"""Which fault an alert speaks of: a jar, a string, a room or a rectifier, whatever the kind of alert.

All that is said of a jar is said of one fault, its cause is read off later. What one fault does to others is
its own: neighbours of a shorted cell that float high, the sum that a broken strap spoils, jars in a hot room.
"""

from datetime import timedelta

import polars as pl

from battery_assets.features.health.faults import BROKEN_RATIO
from battery_assets.features.operations.alert_rules import SEVERITIES

JAR, AGED, CHARGER, ROOM, HEAT, RIPPLE, CHARGE, DATA = (
    "jar", "aged", "charger", "room", "heat", "ripple", "charge", "data",
)  # fmt: skip
# Events within 30 min of each other can carry hour labels that are an hour apart.
TOGETHER = timedelta(minutes=90)
# A room cools within hours; its jars follow with their time constant of 7 h (SOURCES 2).
COOLS_FOR = timedelta(hours=14)
BROKEN_PCT = (BROKEN_RATIO - 1.0) * 100.0
HOT_JARS = 3
# A string of which over a quarter fails is renewed, not repaired jar by jar (IEEE 1188).
AGED_SHARE = 0.25
FEW = 0.25  # of a string may have a shorted cell each; of more it is the string
# New jars take half a year of float to settle (makers' manuals; 0.25 years in `physics.float_charge`).
SETTLES = timedelta(days=180)
AGEING = ("resistance_drift", "soh_degraded", "rul_warning", "rul_critical")
HIGH, LOW = "voltage_high", "voltage_low"
# What the data of a string look like with a strap that drops volts between its jars and its posts.
OF_A_STRAP = ("sum_mismatch", "float_not_regulated", "ripple_impedance")
_BY_TYPE = {
    "temperature_high": HEAT,
    "current_high": HEAT,
    "ripple_high": RIPPLE,
    "data_quality": DATA,
}


def with_faults(alerts: pl.DataFrame, jars: pl.DataFrame, before: pl.Series | None = None) -> pl.DataFrame:
    """The alerts that are not suppressed, with `fault` ("kind|unit") and what their context says.

    alerts: rows of alert. jars: `jars_in_places`. before: faults of the month before. Adds signal, signals
    (list of "signal severity"), unit_code, value, rank (0 info to 2 critical), excess, half_low, half_high,
    half_hot, kind and fault.
    """
    rows = _read(alerts.filter(pl.col("status") != "suppressed"), jars)
    rows = _own_kind(rows)
    before = pl.Series(dtype=pl.String) if before is None else before
    rows = _chargers(rows, before)
    rows = _beside_a_rectifier(rows)
    rows = _beside_a_short(rows)
    rows = _beside_a_strap(rows)
    rows = _hot_rooms(rows)
    rows = _hot_strings(rows)
    rows = _aged_strings(rows, before)
    unit = (
        pl.when(pl.col("about").is_not_null())
        .then("about")
        .when(pl.col("kind") == ROOM)
        .then("location_id")
        .when(pl.col("kind").is_in([RIPPLE, CHARGE]))
        .then(pl.coalesce("system_id", "string_id", "location_id"))
        .when(pl.col("kind") == JAR)
        .then("battery_id")
        .otherwise(pl.coalesce("string_id", "location_id"))
    )
    return rows.with_columns(fault=pl.format("{}|{}", "kind", unit))


def _read(alerts: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    context = pl.col("context_json")
    number = {
        name: context.str.json_path_match(f"$.{name}").cast(pl.Float64) for name in ("value", "threshold")
    }
    facts = jars.group_by("string_id").agg(
        pl.col("system_id").first(), jars_in_string=pl.col("position_in_string").n_unique()
    )
    rows = alerts.drop("incident_id").join(facts, on="string_id", how="left", validate="m:1")
    rows = rows.join(_installed(jars), on="battery_id", how="left", validate="m:1")
    apart = (number["value"] - number["threshold"]) / number["threshold"].abs().clip(1e-9)
    return rows.with_columns(
        signal=context.str.json_path_match("$.signal"),
        signals=context.str.json_path_match("$.signals").str.json_decode(pl.List(pl.String)),
        unit_code=context.str.json_path_match("$.unit_code"),
        value=number["value"],
        excess=apart.abs(),
        level=_level(context),
        rank=pl.when(_settling(context)).then(0).otherwise(_level(context)),
        unit=pl.coalesce("battery_id", "string_id", "location_id"),
        about=pl.lit(None, pl.String),
        half_low=pl.lit(value=False),
        half_high=pl.lit(value=False),
        half_hot=pl.lit(value=False),
    )


def _installed(jars: pl.DataFrame) -> pl.DataFrame:
    since = pl.col("installed_date") if "installed_date" in jars.columns else pl.lit(None, pl.Date)
    at = since.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return jars.select("battery_id", installed_at=at).unique("battery_id")


def _level(context: pl.Expr) -> pl.Expr:
    """The highest severity that the alert reached, 0 to 2."""
    levels = [
        word.cast(pl.Enum(SEVERITIES)).to_physical().cast(pl.Int64)
        for word in (pl.col("severity"), context.str.json_path_match("$.highest"))
    ]
    return pl.max_horizontal(levels)


def _settling(context: pl.Expr) -> pl.Expr:
    """Is it the float of a new jar, and no short?"""
    settles = pl.col("triggered_at") < pl.col("installed_at") + SETTLES
    signal = context.str.json_path_match("$.signal")
    apart = pl.col("alert_type") == "anomaly_detected"
    floats = (pl.col("alert_type").is_in([LOW, HIGH]) & signal.str.starts_with("float_")) | apart
    return (settles & floats & (_level(context) < 2)).fill_null(value=False)


def _own_kind(rows: pl.DataFrame) -> pl.DataFrame:
    """The kind of fault that an alert speaks of where nothing else is known."""
    by_type = pl.col("alert_type").replace_strict(_BY_TYPE, default=JAR)
    of_jar = pl.col("battery_id").is_not_null() & (by_type != DATA)
    kind = (
        pl.when(pl.col("signal") == "charge_current")
        .then(pl.lit(CHARGE))
        .when(of_jar)
        .then(pl.lit(JAR))
        .when((by_type == HEAT) & pl.col("string_id").is_null())
        .then(pl.lit(ROOM))
        # Of a whole string, a voltage is the charger's.
        .when(by_type == JAR)
        .then(pl.lit(CHARGER))
        .otherwise(by_type)
    )
    return rows.with_columns(kind=kind)


def _chargers(rows: pl.DataFrame, before: pl.Series) -> pl.DataFrame:
    """Half of a string's jars low, or high with none low, within the same hours: the charger."""
    of_jars = pl.col("alert_type").is_in([LOW, HIGH]) & pl.col("battery_id").is_not_null()
    some = rows.filter(of_jars).sort("string_id", "triggered_at", "alert_id")
    fresh = (pl.col("triggered_at").diff() > TOGETHER).fill_null(value=False)
    some = some.with_columns(chain=fresh.cum_sum().over("string_id"))
    # New jars settle one by one: half of a string at once is no settling.
    low = (pl.col("alert_type") == LOW) & (pl.col("level") > 0)
    over = ["string_id", "chain"]
    many = {
        name: pl.col("battery_id").filter(which).n_unique().over(over)
        for name, which in (("lows", low), ("highs", pl.col("alert_type") == HIGH))
    }
    some = some.with_columns(**many, half=pl.col("jars_in_string") / 2.0)
    marks = some.select(
        "alert_id",
        half_low_of=pl.col("lows") >= pl.col("half"),
        half_high_of=(pl.col("highs") >= pl.col("half")) & (pl.col("lows") == 0),
    )
    rows = rows.join(marks, on="alert_id", how="left", validate="1:1")
    rows = rows.with_columns(
        half_low=pl.col("half_low_of").fill_null(value=False),
        half_high=pl.col("half_high_of").fill_null(value=False),
    ).drop("half_low_of", "half_high_of")
    # Jars of a string that is overcharged pass their limits one after the other, over a day.
    since = pl.col("triggered_at").filter("half_high").min().over("string_id") - timedelta(days=1)
    late = (
        (pl.col("alert_type") == HIGH)
        & pl.col("battery_id").is_not_null()
        & (pl.col("triggered_at") >= since)
    )
    goes_on = pl.format("charger|{}", "string_id").is_in(before.to_list()) & (pl.col("alert_type") == HIGH)
    late = late | (goes_on & pl.col("battery_id").is_not_null())
    charger = pl.any_horizontal("half_low", "half_high", late.fill_null(value=False)) & ~_far_below()
    return rows.with_columns(
        kind=pl.when(charger).then(pl.lit(CHARGER)).otherwise("kind"),
        rank=pl.when(charger).then("level").otherwise("rank"),
    )


def _far_below() -> pl.Expr:
    """Is it of a jar far below its own string? No charger and no age do that, to few jars."""
    far = _signal("float_below_median critical", "cell_short critical")
    count = pl.col("battery_id").filter(far).n_unique().over("string_id")
    return far & (count <= pl.col("jars_in_string") * FEW).fill_null(value=False)


def _spans(rows: pl.DataFrame, on: str, which: pl.Expr) -> pl.DataFrame:
    """Unit `on`, the jar that is at fault, and from when until when."""
    return rows.filter(which).select(
        on,
        culprit="battery_id",
        since=pl.col("triggered_at") - TOGETHER,
        until=pl.col("resolved_at"),
    )


def _taken(rows: pl.DataFrame, which: pl.Expr, spans: pl.DataFrame, on: str) -> pl.DataFrame:
    """Put the alerts of `which` that began within a span of their unit down to the fault of its jar."""
    began = pl.col("triggered_at")
    within = (began >= pl.col("since")) & (pl.col("until").is_null() | (began <= pl.col("until") + TOGETHER))
    hit = rows.filter(which).join(spans, on=on).filter(within & (pl.col("battery_id") != pl.col("culprit")))
    # Of two culprits the earlier one.
    hit = hit.sort("since", "culprit").unique("alert_id", keep="first", maintain_order=True)
    rows = rows.join(hit.select("alert_id", "culprit"), on="alert_id", how="left", validate="1:1")
    mine = pl.col("culprit").is_not_null()
    return rows.with_columns(
        about=pl.when(mine).then("culprit").otherwise("about"),
        kind=pl.when(mine).then(pl.lit(JAR)).otherwise("kind"),
    ).drop("culprit")


def _signal(*words: str) -> pl.Expr:
    """Does the alert rest on one of these, as "signal severity"?"""
    return pl.any_horizontal(pl.col("signals").list.contains(word) for word in words).fill_null(value=False)


def _beside_a_short(rows: pl.DataFrame) -> pl.DataFrame:
    """The charger holds the string: what one jar loses on float, its neighbours gain."""
    critical = _signal("float_below_median critical", "float_voltage_25c critical", "cell_short critical")
    short = (pl.col("kind") == JAR) & (pl.col("alert_type") == LOW) & critical
    high = (pl.col("alert_type") == HIGH) & pl.col("battery_id").is_not_null()
    return _taken(rows, high, _spans(rows, "string_id", short), "string_id")


def _beside_a_rectifier(rows: pl.DataFrame) -> pl.DataFrame:
    """A rectifier that lost a diode heats its strings, and lets them sag where it has no headroom."""
    grave = rows.filter(pl.col("kind") == RIPPLE, pl.col("rank") == 2)
    spans = grave.select(
        "system_id", since=pl.col("triggered_at") - TOGETHER, until=pl.col("resolved_at") + COOLS_FOR
    )
    moved = pl.col("kind").is_in([JAR, CHARGER, HEAT, DATA]) & ~pl.col("alert_type").is_in(AGEING)
    began = pl.col("triggered_at")
    within = (began >= pl.col("since")) & (pl.col("until").is_null() | (began <= pl.col("until")))
    hit = rows.filter(moved).join(spans, on="system_id").filter(within)["alert_id"]
    mine = pl.col("alert_id").is_in(hit.unique().to_list())
    return rows.with_columns(kind=pl.when(mine).then(pl.lit(RIPPLE)).otherwise("kind"))


def _aged_strings(rows: pl.DataFrame, before: pl.Series) -> pl.DataFrame:
    """Jars that wear out together are their string's, but for those that had an incident before."""
    own = pl.format("jar|{}", "battery_id").is_in(before.to_list()).fill_null(value=False)
    of_string = pl.format("aged|{}", "string_id").is_in(before.to_list()).fill_null(value=False)
    ageing = (pl.col("kind") == JAR) & pl.col("alert_type").is_in(AGEING) & (pl.col("rank") > 0)
    broken = pl.col("signal").is_in(["r_vs_baseline", "r_vs_median"]) & (pl.col("value") >= BROKEN_PCT)
    worn = ageing & ~(broken | _far_below()).fill_null(value=False).any().over("battery_id")
    count = pl.col("battery_id").filter(worn).n_unique().over("string_id")
    many = (count >= AGED_SHARE * pl.col("jars_in_string")) | of_string
    with_it = (pl.col("kind") == JAR) & worn.any().over("battery_id") & many & ~own
    with_it = with_it & pl.col("about").is_null()
    return rows.with_columns(kind=pl.when(with_it).then(pl.lit(AGED)).otherwise("kind"))


def _beside_a_strap(rows: pl.DataFrame) -> pl.DataFrame:
    growth = pl.col("signal").is_in(["r_vs_baseline", "r_vs_median"]) & (pl.col("value") >= BROKEN_PCT)
    spans = _spans(rows, "string_id", (pl.col("kind") == JAR) & growth)
    # The data of its string show it before the third reading does.
    spans = spans.with_columns(since=pl.col("since") - timedelta(days=10))
    data = rows.with_columns(battery_id=pl.col("battery_id").fill_null(""))
    of_strap = (pl.col("kind") == DATA) & pl.col("signal").is_in(OF_A_STRAP)
    taken = _taken(data, of_strap, spans, "string_id")
    return taken.with_columns(battery_id=pl.when(pl.col("battery_id") != "").then("battery_id"))


def _hot_rooms(rows: pl.DataFrame) -> pl.DataFrame:
    """Jars that are hot while their room is, or in two strings at once, are the room's."""
    hot = (pl.col("signal") == "jar_temperature") & (pl.col("kind") == JAR)
    some = rows.filter(hot).sort("location_id", "triggered_at", "alert_id")
    fresh = (pl.col("triggered_at").diff() > TOGETHER).fill_null(value=False)
    some = some.with_columns(chain=fresh.cum_sum().over("location_id"))
    strings = pl.col("string_id").filter(pl.col("rank") > 0).n_unique().over("location_id", "chain")
    together = some.filter(strings > 1)["alert_id"].to_list()
    rooms = rows.filter(pl.col("kind") == ROOM).select(
        "location_id",
        since=pl.col("triggered_at") - TOGETHER,
        until=pl.col("resolved_at") + COOLS_FOR,
    )
    began = pl.col("triggered_at")
    while_hot = (began >= pl.col("since")) & (pl.col("until").is_null() | (began <= pl.col("until")))
    in_room = rows.filter(hot).join(rooms, on="location_id").filter(while_hot)["alert_id"].to_list()
    mine = pl.col("alert_id").is_in([*together, *in_room])
    return rows.with_columns(kind=pl.when(mine).then(pl.lit(ROOM)).otherwise("kind"))


def _hot_strings(rows: pl.DataFrame) -> pl.DataFrame:
    """Jars that are hot with the float current of their string high, or several at once, are the string's."""
    warm = (pl.col("alert_type") == "temperature_high") & (pl.col("kind") == JAR)
    floats = (pl.col("alert_type") == "current_high") & (pl.col("kind") == HEAT)
    many = pl.col("battery_id").filter(warm & (pl.col("rank") > 0)).n_unique().over("string_id") >= HOT_JARS
    mine = warm & (floats.any().over("string_id") | many) & pl.col("string_id").is_not_null()
    rows = rows.with_columns(kind=pl.when(mine).then(pl.lit(HEAT)).otherwise("kind"))
    far = (pl.col("kind") == HEAT) & _signal("jar_above_room critical")
    far_jars = pl.col("battery_id").filter(far).n_unique().over("string_id")
    half = (far_jars >= pl.col("jars_in_string") / 2.0).fill_null(value=False)
    # Jars that ran away are dead afterwards, and their string with them.
    since = pl.col("triggered_at").filter(far).min().over("string_id")
    dead = half & pl.col("kind").is_in([JAR, CHARGER]) & (pl.col("triggered_at") >= since)
    dead = dead & ~pl.col("alert_type").is_in(AGEING)
    kind = pl.when(dead).then(pl.lit(HEAT)).otherwise("kind")
    return rows.with_columns(kind=kind, half_hot=half & (far | dead))
