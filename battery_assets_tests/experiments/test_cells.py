"""Whether a cell is worn out, by the first half of a discharge: a made lab's month, run, and learned from."""

from types import SimpleNamespace

import dagster as dg
import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.errors import BadInput
from battery_assets.experiments.making import cycling
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.searching import networks
from battery_assets.features.lab.partial_discharges import partial_discharges
from battery_assets.learning.signals.bursts import CELLS
from battery_assets.learning.signals.split import sides
from battery_assets.platform.dagster.partitions import Part, know_months
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_FILES, LAB_SYNTHETIC
from battery_assets_tests.experiments.test_datasets import rows

LAB = Part("worn-lab", "2025-01")
CONFIG = {"seed": 5, "cells": 8, "sample_s": 300, "start": "2025-01"}
NEEDED = ("battery_cell", "timeseries_point", "test_session", "cycle", "cycle_feature", "label_soh")
TERMS = {"labs": [str(LAB.site)], "every": 5}


def run_month(place, part: Part) -> dg.ExecuteInProcessResult:
    """Run what a dataset reads of a lab's month."""
    from battery_assets.definitions import assets

    know_months(place.instance, [str(part.month)], lab=True)
    place.instance.add_dynamic_partitions("lab", [str(part.site)])
    return dg.materialize(
        [asset for asset in assets if asset.key.path[-1] in NEEDED],
        instance=place.instance,
        resources={"warehouse": place.warehouse, "tracking": place.tracking,
                   "landing": Landing(folder=str(place.home))},
        partition_key=dg.MultiPartitionKey({"month": str(part.month), "site": str(part.site)}),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def worn(place):
    """A dataset of a made lab's eight cells, each fifth cycle."""
    with place.warehouse.transaction() as connection:
        registry.put_site(connection, str(LAB.site), LAB_SYNTHETIC, CONFIG)
    assert run_month(place, LAB).success
    assert place.run("dataset", "worn", kind="dataset_cells", terms=TERMS).success
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'worn'")
    return SimpleNamespace(place=place, made=made, meta=made["meta_data"])


def test_every_label_is_the_lab_s_own_capacity(worn):
    found = rows(worn.place, f"SELECT * FROM experiments.signals WHERE dataset_id = {worn.made['id']}")
    labels = worn.place.warehouse.read(
        t.label_soh, Part(site=LAB.site), where=t.label_soh.c.definition == "capacity"
    ).collect()
    cells = worn.place.warehouse.read(t.battery_cell, LAB, ["cell_id", "cell_code"]).collect()
    true = {
        (f"{LAB.site}-{row['cell_code']}", row["cycle_index"]): row["rul_cycles"] == 0
        for row in labels.join(cells, on="cell_id").iter_rows(named=True)
    }
    told = {(one["system"], int(one["signal_id"][-5:])): one["fault_class"] == "end_of_life" for one in found}
    assert told == {key: true[key] for key in told}
    assert {cycle % 5 for _, cycle in told} == {1}
    assert 0 < sum(told.values()) < len(told)
    assert {one["is_simulated"] for one in found} == {True}
    left = sum(worn.meta["left_out"].values())
    assert len(told) + left == sum((cycle - 1) % 5 == 0 for _, cycle in true)


def test_a_curve_is_the_first_half_of_the_nominal_capacity_and_no_more(worn):
    bursts = bursts_of(read(worn.place.warehouse, worn.meta["files"]))
    assert bursts.kind == CELLS and bursts.volts.shape[1] == cycling.POINTS
    assert worn.meta["samples"] == cycling.POINTS and worn.meta["sample_rate"] == cycling.POINTS / 0.5
    by_cell = [bursts.reference[bursts.own == cell].sum() for cell in np.unique(bursts.own)]
    assert set(by_cell) == {cycling.REFERENCES}
    deviation = bursts.for_networks().volts[:, -10:].mean(axis=1)
    assert deviation[bursts.labels[:, 0]].mean() < deviation[bursts.sound].mean() < 0.01


def test_the_dataset_knows_how_far_a_split_by_cycle_flatters(worn):
    assert {"curve_exact_points", "own_curve_exact_points"} <= set(worn.meta["leak"])
    assert worn.meta["systems"] == len(worn.meta["files"]) >= 5


@pytest.mark.parametrize("model", ["end_drop", "forest_own_curve", "cnn1d"])
def test_models_are_judged_on_cells_that_they_never_saw(worn, model):
    small = {"epochs": 3, "stages": [{"width": 8, "kernel": 15, "stride": 8}]}
    numbers = small if model == "cnn1d" else {}
    name = f"worn-{model}"
    assert worn.place.run(
        "experiment", name, dataset="worn", model_type=model, hyperparameters=numbers
    ).success
    [row] = rows(worn.place, f"SELECT * FROM experiments.experiments WHERE name = '{name}'")
    assert row["metrics"]["test_systems"] == 2
    assert not {"jar_named", "both_named"} & set(row["metrics"])
    if model == "end_drop":
        assert row["metrics"]["macro_auroc"] > 0.9, "a worn cell falls lower at the same charge"


def validates(worn, seed: int) -> bool:
    """Whether the validation cells of a seed show both worn and sound cycles."""
    bursts = bursts_of(read(worn.place.warehouse, worn.meta["files"]))
    labels = bursts.labels[(sides(bursts, "system", seed) == "val") & ~bursts.reference]
    return bool(labels.any() and not labels.all())


def test_a_campaign_whose_validation_cells_show_no_end_says_so(worn):
    unfit = next(seed for seed in range(20) if not validates(worn, seed))
    terms = {"dataset": "worn", "trials": 2, "epochs": 1, "seed": unfit}
    assert not worn.place.run("nas_campaign", "worn-blind", terms=terms).success
    [shown] = rows(worn.place, "SELECT * FROM experiments.nas_campaigns WHERE name = 'worn-blind'")
    assert shown["status"] == "failed" and "nothing can be chosen on it" in shown["error_message"]


def test_a_search_for_networks_is_of_curves_against_their_own_reference(worn):
    space = {"stages": [2], "width": [8], "kernel": [7, 15], "stride": [2], "separable": [False]}
    fit = [seed for seed in range(20) if validates(worn, seed)]
    terms = {"dataset": "worn", "trials": 2, "epochs": 2, "space": space, "seed": fit[0]}
    assert worn.place.run("nas_campaign", "worn-gateway", terms=terms).success, rows(
        worn.place, "SELECT error_message FROM experiments.nas_campaigns WHERE name = 'worn-gateway'"
    )
    found = rows(worn.place, "SELECT t.* FROM experiments.nas_trials t JOIN experiments.nas_campaign c "
                 "ON c.id = t.campaign_id WHERE c.name = 'worn-gateway'")  # fmt: skip
    first = found[0]
    one, wide = first["architecture"]["stages"], {"mean": 1, "max": 1, "both": 2}
    by_hand = 2 * 8 * one[0]["kernel"] + 8 * 8 * one[1]["kernel"] + 2 * 16
    assert first["num_parameters"] == by_hand + 8 * wide[first["architecture"]["pool"]] + 1
    assert {one["metrics"]["epochs"] for one in found} == {2}


def test_within_so_many_cycles_needs_to_have_been_seen(worn):
    later = cycling.labelled(worn.place.warehouse, str(LAB.site), 30)
    now = cycling.labelled(worn.place.warehouse, str(LAB.site), 0)
    both = now.join(later, on="cycle_id", suffix="_later")
    assert both["worn"].null_count() == 0, "what was measured now is known now"
    ended = both.group_by("cell_id").agg(pl.col("worn").any()).filter("worn")["cell_id"]
    seen = both.filter(pl.col("cell_id").is_in(ended.implode()))
    assert seen["worn_later"].sum() == seen["worn"].sum() + 30 * len(ended)
    unseen = both.filter(~pl.col("cell_id").is_in(ended.implode()))
    assert unseen["worn_later"].null_count() == 30 * unseen["cell_id"].n_unique()
    assert not unseen["worn_later"].any()


def test_a_curve_by_hand():
    """1 A out of 1 Ah for half an hour, 4 V falling by 1 V an hour; the charge that follows counts nowhere."""
    minutes = np.arange(0, 61)
    out = (minutes > 0) & (minutes <= 30)
    points = pl.DataFrame({
        "ts": pl.datetime_range(pl.datetime(2025, 1, 1), pl.datetime(2025, 1, 1, 1), "1m", time_unit="us", eager=True),
        "voltage_v": 4 - minutes / 60, "current_a": np.where(out, -1.0, 0.5),
        "correction_ah": None, "open_ah": None,
    }, schema_overrides={"correction_ah": pl.Float64, "open_ah": pl.Float64})  # fmt: skip
    cycles = pl.DataFrame(
        {"cycle_id": ["c"], "started_at": [points["ts"][0]], "ended_at": [points["ts"][-1]]}
    ).with_columns(pl.col("started_at", "ended_at").cast(pl.Datetime("us")))
    [row] = partial_discharges(points, cycles, 1.0, 0.4, 4).to_dicts()
    assert row["drawn_share"] == pytest.approx(0.5, abs=0.02)
    true = 4 - (np.arange(4) + 0.5) * 0.1
    assert row["waveform_v"] == pytest.approx(true, abs=0.02)
    assert row["waveform_a"] == [-1.0] * 4


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"labs": []}, "needs labs"),
        ({"labs": ["atlantis"]}, "atlantis: no lab"),
        ({"months": ["1999-01"]}, "no such month"),
        ({"share": 0.9}, "0.05 to 0.75"),
        ({"wheels": 4}, "wheels"),
        ({"labs": [str(LAB.site), "real-lab"]}, "never share a dataset"),
    ],
)
def test_a_dataset_of_cells_that_cannot_be_leaves_nothing(worn, terms, words):
    with worn.place.warehouse.transaction() as connection:
        registry.put_site(connection, "real-lab", LAB_FILES, {})
    with pytest.raises(BadInput, match=words):
        cycling.ask(worn.place.warehouse, "never-cells", {**TERMS, **terms})
    assert not rows(worn.place, "SELECT 1 FROM experiments.datasets WHERE name = 'never-cells'")


def test_cells_without_sound_cycles_end_the_job_and_leave_no_file(worn, monkeypatch):
    monkeypatch.setattr(cycling, "LEAST", 1000)
    number = cycling.ask(worn.place.warehouse, "no-sound", TERMS)
    with pytest.raises(BadInput, match="sound cycles"):
        cycling.make(worn.place.warehouse, number, None, lambda _: None)
    [made] = rows(worn.place, "SELECT * FROM experiments.datasets WHERE name = 'no-sound'")
    assert made["num_signals"] == 0 and made["meta_data"]["files"] == [] and made["file_path"] is None


def test_a_space_that_no_network_of_curves_fits_is_refused_at_once(worn):
    with pytest.raises(BadInput, match="within its limits"):
        networks.ask(
            worn.place.warehouse, "never-net", {"dataset": "worn", "trials": 2, "space": {"most_flops": 9}}
        )
    assert not rows(worn.place, "SELECT 1 FROM experiments.nas_campaign WHERE name = 'never-net'")
