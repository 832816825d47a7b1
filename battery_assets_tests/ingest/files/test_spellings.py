"""Words of data sheets for a chemistry are read as what they mean, and no other column's words are guessed."""

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.values import checked


def read(word: str, column) -> str | None:
    return checked(pl.Series([word]), column, SourceContract()).values[0]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("VRLA AGM", "VRLA"), ("Lead-acid (gel)", "VRLA"), ("lead carbon", "VRLA"), ("LiFePO4 16S", "Li-ion"),
     ("NMC811", "Li-ion"), ("Li-ion (LFP)", "Li-ion"), ("Ni-MH", "NiMH"), ("LFP", "Li-ion"),
     ("NiCd", "other"), ("Ni-Fe", "other"), ("Zinc-Air", "other"), ("sodium-ion", "other"), ("AGM or LFP", "other")],
)  # fmt: skip
def test_a_chemistry_is_read_by_its_parts(word, meant):
    assert read(word, t.battery_model.c.chemistry) == meant


def test_a_chemistry_that_nobody_listed_is_told_with_its_word():
    reading = checked(pl.Series(["sodium-ion", "VRLA"]), t.battery_model.c.chemistry, SourceContract())
    assert not reading.faults
    assert reading.values.to_list() == ["other", "VRLA"]
    assert dict(reading.notes) == {"chemistry: 'sodium-ion' read as 'other'": 1}


@pytest.mark.parametrize("word", ["12", "?", "-", "12 V"])
def test_what_is_no_word_is_refused(word):
    [(reason, rows)] = checked(pl.Series([word]), t.battery_model.c.chemistry, SourceContract()).faults
    assert reason == "NOT_IN_ENUM"
    assert rows.to_list() == [True]


def test_parts_of_words_say_nothing_in_other_columns():
    assert checked(pl.Series(["not float"]), t.telemetry_string_raw.c.mode, SourceContract()).faults
