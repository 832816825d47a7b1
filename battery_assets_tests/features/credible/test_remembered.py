"""A small day is judged once, and again where anything that its judgement rests on is another."""

from datetime import UTC, datetime, timedelta

import polars as pl

from battery_assets.features.credible import days

AT = datetime(2025, 3, 1, tzinfo=UTC)
JARS = pl.DataFrame({"battery_id": ["a", "b"], "string_id": ["s", "s"], "nominal_v": [12.0, 12.0]})


def rows(volts: float, kind: pl.DataType) -> pl.DataFrame:
    stamps = [AT + timedelta(minutes=5 * n) for n in range(6)] * 2
    ids = pl.Series("battery_id", ["a"] * 6 + ["b"] * 6).cast(kind)
    return pl.DataFrame({"ts": stamps, "voltage_v": [volts] * 12}).with_columns(ids)


def judged(monkeypatch, *of: tuple[pl.DataFrame, pl.DataFrame]) -> int:
    """How often a judge is asked."""
    asked = []

    def judge(day: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
        asked.append(day)
        return pl.DataFrame({"volts": [day["voltage_v"][0]], "nominal": [jars["nominal_v"][0]]})

    monkeypatch.setattr(days, "_REMEMBERED", {})
    for day, jars in of:
        found = days._remembered(judge, day, jars)
        assert found.row(0) == (day["voltage_v"][0], jars["nominal_v"][0])
    return len(asked)


def test_the_same_day_is_judged_once_whatever_codes_its_ids_have(monkeypatch):
    other = pl.Enum(["b", "a"])
    assert judged(monkeypatch, *((rows(13.5, kind), JARS) for kind in (pl.String, other))) == 1
    same = (rows(13.5, pl.Enum(["a", "b"])), JARS)
    assert judged(monkeypatch, same, same, same) == 1


def test_another_value_or_another_fact_is_judged_again(monkeypatch):
    half = JARS.with_columns(nominal_v=pl.lit(6.0))
    plain = rows(13.5, pl.String)
    assert (
        judged(monkeypatch, (plain, JARS), (rows(13.6, pl.String), JARS), (plain, half), (plain, JARS)) == 3
    )


def test_a_large_day_is_never_remembered(monkeypatch):
    monkeypatch.setattr(days, "MOST_ROWS_REMEMBERED", 5)
    same = (rows(13.5, pl.String), JARS)
    assert judged(monkeypatch, same, same) == 2
