"""A dataset is what its campaign says, stops and goes on, and refuses what it cannot be."""

import os
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.checks import signals_check
from battery_assets.experiments.making import books, generation
from battery_assets.experiments.making.files import NAMED, bursts_of, read
from battery_assets.platform.dagster.steps import body_of
from battery_assets.platform.dagster.tidying import tidy_up
from battery_assets.platform.jobs import core
from battery_assets.synthetic.signals.burst_campaign import Campaign
from battery_assets.tables.experiments.signals import datasets
from battery_assets_tests.experiments.conftest import SMALL


def rows(place, query: str) -> list[dict]:
    with place.warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]


def test_every_signal_of_the_campaign_has_a_row_and_its_bytes(place, small):
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'small'")
    signals = books.signals_of(place.warehouse, made["id"])
    assert len(signals) == made["num_signals"] == Campaign(**SMALL).bursts
    files = read(place.warehouse, made["meta_data"]["files"])
    one = next(row for row in signals if row["severity"] == "severe")
    there = files.filter(url=one["file_path"], row_offset=one["row_offset"])
    assert there["signal_id"].to_list() == [one["signal_id"]]
    wave = np.array(there["waveform_v"][0])
    assert one["rms"] == pytest.approx(wave.std(), rel=1e-5)
    assert one["sha256"] in one["file_path"]


def test_a_mixed_fault_keeps_both_labels_and_names_the_gravest(place, small):
    mixed = rows(place, "SELECT * FROM experiments.signals WHERE jsonb_array_length(labels) = 2")
    assert len(mixed) == 12 * SMALL["mixed"]
    assert {one["fault_class"] for one in mixed} == {"capacitor_loss"}
    assert all(one["capacitance_lost"] >= 0.2 and one["phase_low"] >= 0.03 for one in mixed)


def test_the_dataset_says_how_far_a_split_by_window_flatters(place, small):
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'small'")
    leak = made["meta_data"]["leak"]
    assert leak["moments_exact_points"] > 1
    assert abs(leak["own_lines_exact_points"]) < 1
    assert leak["own_lines_exact_by_system"] > leak["moments_exact_by_system"]


def test_each_string_knows_what_its_own_bursts_would_have_shown(place, small):
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'small'")
    power = made["meta_data"]["power"]
    assert len(power) == 12
    for days in power.values():
        assert days["7"]["0.00"] == pytest.approx(0.01, abs=0.006)
        assert days["1"]["0.20"] <= days["7"]["0.20"] <= days["30"]["0.20"]
    assert np.mean([days["7"]["0.10"] for days in power.values()]) > 0.8


def test_the_views_of_both_references_show_it(place, small):
    [generated] = rows(place, "SELECT * FROM experiments.dataset_generations WHERE name = 'small'")
    assert (generated["status"], generated["progress"]) == ("completed", 100)
    assert generated["num_faults"] == 12 * (4 * SMALL["each_fault"] + SMALL["mixed"])
    [shown] = rows(place, "SELECT * FROM dataset_job.datasets WHERE name = 'small'")
    assert (shown["status"], shown["samples"], shown["sample_rate"]) == ("ready", 2624, 12_800)


def test_the_same_campaign_gives_the_same_version_elsewhere(place, small):
    result = place.run("dataset", "again", terms=SMALL)
    assert {one.check_name: one.passed for one in result.get_asset_check_evaluations()} == {"whole": True}
    versions = rows(
        place,
        "SELECT meta_data ->> 'version' AS v FROM experiments.datasets WHERE name IN ('small', 'again')",
    )
    assert len({row["v"] for row in versions}) == 1


def test_a_generation_that_was_stopped_goes_on_after_its_files(place, monkeypatch):
    number = generation.ask(place.warehouse, "halved", SMALL)
    stop_after = 3
    kept = books.change

    def stopping(warehouse, name, **values):
        kept(warehouse, name, **values)
        if len(values.get("meta_data", {}).get("files", ())) == stop_after:
            with warehouse.transaction() as connection:
                core.stop(connection, number)

    monkeypatch.setattr(books, "change", stopping)
    made = generation.make(place.warehouse, number, None, lambda _: None)
    assert made == {"files": stop_after, "stopped": True}
    [shown] = rows(place, f"SELECT status FROM experiments.dataset_generations WHERE id = {number}")
    assert shown["status"] == "cancelled"
    monkeypatch.undo()
    result = place.run("dataset", "halved", terms=SMALL)
    assert result.success
    said = rows(place, "SELECT message FROM service.job_log WHERE message LIKE '3 systems%'")
    assert len(said) == 1
    versions = rows(
        place,
        "SELECT meta_data ->> 'version' AS v FROM experiments.datasets WHERE name IN ('small', 'halved')",
    )
    assert len({row["v"] for row in versions}) == 1


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"systems": 4}, "a split by system needs 5"),
        ({"faults": ["rust"]}, "rust: no fault"),
        ({"references": 4}, "without 5 sound references"),
        ({"each_fault": 0, "mixed": 0}, "nothing can be learned"),
        ({"capacitor_loss": [0.9, 0.2]}, "capacitor_loss from 0.9 to 0.2"),
        ({"months": ["2025-13"]}, "months 2025-13; next step"),
        ({"months": ["spring"]}, "months spring; next step"),
        ({"wheels": 4}, "wheels"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_with_words(place, terms, words):
    with pytest.raises(BadInput, match=words):
        generation.ask(place.warehouse, "never", terms)
    assert not rows(place, "SELECT 1 FROM experiments.datasets WHERE name = 'never'")


def test_a_dataset_that_lost_a_signal_a_file_or_its_certificate_turns_red(place, small):
    def fault() -> str:
        judged = body_of(signals_check)(SimpleNamespace(partition_key=small), place.warehouse)
        return "" if judged.passed else judged.description

    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'small'")
    assert fault() == ""
    path = f"{place.warehouse.lake.url}/{made['meta_data']['files'][0]}"
    os.rename(path, f"{path}.away")
    try:
        assert fault() == f"{made['meta_data']['files'][0]} is missing or damaged"
    finally:
        os.rename(f"{path}.away", path)
    books.change(place.warehouse, small, num_signals=made["num_signals"] + 1, meta_data={"leak": {}})
    count = made["num_signals"]
    assert fault() == f"{count} signals, where the dataset says {count + 1}; no leak certificate"
    books.change(
        place.warehouse, small, num_signals=made["num_signals"], meta_data={"leak": made["meta_data"]["leak"]}
    )


def test_tidying_leaves_what_datasets_name_and_takes_the_rest(place, small):
    lake, rows_of_file = place.warehouse.lake, pl.DataFrame({"x": [1]})
    of_fleet = "captures/site=a/month=2025-01/window"
    capture, capture_of_nobody = (lake.keep(f"{of_fleet}-{k}", rows_of_file) for k in (1, 2))
    waiting = lake.keep("signals/dataset=half-read/staged-00000-bursts", rows_of_file)
    removed = lake.keep("signals/dataset=removed/system-0000", rows_of_file)
    meta = {"files": [capture], "staged": [{"bursts": waiting, "done": 1}]}
    with place.warehouse.transaction() as connection:
        connection.execute(sa.insert(datasets).values(name="half-read", meta_data=meta))
    [made] = rows(place, "SELECT meta_data FROM experiments.datasets WHERE name = 'small'")
    stays = [capture, waiting, *made["meta_data"]["files"]]
    for path in (*stays, capture_of_nobody, removed):
        os.utime(f"{lake.url}/{path}", (0, 0))
    deleted = tidy_up(place.warehouse, t.TABLES, naming=NAMED)
    with place.warehouse.transaction() as connection:
        connection.execute(sa.delete(datasets).where(datasets.c.name == "half-read"))
    assert (deleted["captures"], deleted["signals"]) == (1, 1)
    assert all(os.path.exists(f"{lake.url}/{path}") for path in stays)
    assert not os.path.exists(f"{lake.url}/{removed}")


def test_other_settings_never_mix_into_a_dataset(place, small):
    with pytest.raises(BadInput, match="made with other settings"):
        generation.ask(place.warehouse, small, {**SMALL, "seed": 4})


def test_signals_of_two_lengths_are_refused(place, small):
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'small'")
    files = read(place.warehouse, made["meta_data"]["files"][:1])
    short = files.head(1).with_columns(pl.col("waveform_v", "waveform_a").list.head(100))
    with pytest.raises(BadInput, match="2 different rates or lengths"):
        bursts_of(pl.concat([files, short]))
