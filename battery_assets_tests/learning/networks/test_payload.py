"""Stated cycles become a cell, and what cannot be is refused by the name of its field."""

import math

import numpy as np
import pytest

from battery_assets.learning.networks.payload import BadPayload, cells_of

NAMES = ("feature_1", "feature_2")


def cycle(number: float, **more) -> dict:
    return {"cycle_num": number, "feature_1": 0.5, "feature_2": 2, **more}


def test_stated_cycles_are_a_cell_whose_end_is_not_known():
    cells = cells_of({"cycles": [cycle(3, pcl=0.02), cycle(7, pcl=0.03, feature_1=0.6)]}, NAMES, False)
    assert cells.cycle.tolist() == [3.0, 7.0]
    assert cells.features.tolist() == [[0.5, 2.0], [0.6, 2.0]]
    assert cells.health.tolist() == [0.98, 0.97]
    assert not cells.ended.any()
    assert np.isnan(cells_of({"cycles": [cycle(3)]}, NAMES, False).health).all()


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ([1], r"^payload: \[1\] is no object"),
        ({"rows": []}, "^payload.rows: there is no such field"),
        ({}, "^payload.cycles: a list of 1 to"),
        ({"cycles": []}, "^payload.cycles: a list of 1 to"),
        ({"cycles": [3]}, r"^payload.cycles\[0\]: 3 is no object"),
        ({"cycles": [{"cycle_num": 1, "feature_1": 1}]}, r"^payload.cycles\[0\].feature_2: is missing"),
        ({"cycles": [cycle(1, feature_9=1)]}, r"cycles\[0\].feature_9: the model takes no such field"),
        ({"cycles": [cycle(1), cycle(2, feature_1="x")]}, r"cycles\[1\].feature_1: 'x' is no finite number"),
        ({"cycles": [cycle(1, feature_1=math.nan)]}, r"cycles\[0\].feature_1: nan is no finite number"),
        ({"cycles": [cycle(1, feature_1=True)]}, r"cycles\[0\].feature_1: True is no finite number"),
        ({"cycles": [cycle(1, feature_1=None)]}, r"cycles\[0\].feature_1: None is no finite number"),
        ({"cycles": [cycle(0)]}, r"cycles\[0\].cycle_num: 0 is no number of a cycle"),
        ({"cycles": [cycle(1.5)]}, r"cycles\[0\].cycle_num: 1.5 is no number of a cycle"),
        ({"cycles": [cycle(2), cycle(2)]}, r"cycles\[1\].cycle_num: 2 follows one"),
        ({"cycles": [cycle(1, pcl=20.0)]}, r"cycles\[0\].pcl: 20.0 is no share"),
    ],
)
def test_a_field_that_cannot_be_is_named(payload, words):
    with pytest.raises(BadPayload, match=words):
        cells_of(payload, NAMES, False)


def test_a_model_that_sees_health_asks_for_it():
    with pytest.raises(BadPayload, match=r"payload.cycles\[0\].pcl: is missing"):
        cells_of({"cycles": [cycle(1)]}, NAMES, True)
