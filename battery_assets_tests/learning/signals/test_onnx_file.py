"""A network as ONNX says what torch says; its bytes are what a gateway has to hold."""

import numpy as np
import polars as pl
import pytest
import torch

from battery_assets.experiments.making.files import bursts_of
from battery_assets.experiments.making.generation import frame_of
from battery_assets.learning.search import architectures as a
from battery_assets.learning.signals import onnx_file
from battery_assets.learning.signals.convolution import Fitted, Network, recipe_of
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts

needs_extra = pytest.mark.skipif(
    not onnx_file.can_export(), reason="NOT COMPARED: the extra `export` (onnx, onnxruntime) is not installed"
)


@pytest.fixture(scope="module")
def bursts():
    campaign = Campaign(systems=5, references=5, sound=5, each_fault=5, mixed=5, seed=1)
    return bursts_of(pl.concat([frame_of(one) for one in system_bursts(campaign)]))


def fitted(one: dict, seed: int) -> Fitted:
    """A network whose norms have statistics, as after a training."""
    torch.manual_seed(seed)
    network = Network(recipe_of(one))
    network.train()
    with torch.no_grad():
        network(3 * torch.randn(16, 2, 2624))
    return Fitted(recipe_of(one), (0.05, 2.0), network.eval(), 1, 1, 0.5, False)


@needs_extra
@pytest.mark.parametrize("seed", range(8))
def test_onnx_says_what_torch_says(bursts, tmp_path, seed):
    one = fitted(a.next_architecture("random", a.SPACE, [], 1, seed, 2624), seed)
    path = onnx_file.save_onnx(one, tmp_path)
    said = onnx_file.onnx_says(path, bursts.volts, bursts.amps)
    assert np.ptp(said) > 1e-3, "a network that says one thing of all proves nothing"
    np.testing.assert_allclose(said, one.predict(bursts), rtol=0, atol=1e-6)


@needs_extra
def test_the_bytes_of_a_network_are_those_of_its_file(tmp_path):
    one = a.next_architecture("random", a.SPACE, [], 1, 3, 2624)
    size = onnx_file.save_onnx(fitted(one, 1), tmp_path).stat().st_size
    assert abs(size - onnx_file.file_bytes(one)) < 100, "the scales differ, and what they are called"
    assert size > 4 * a.parameters(one)


def test_no_network_is_tried_whose_file_is_too_large():
    space = a.checked({"most_bytes": 12_000})
    found = [a.next_architecture("random", space, [], k, 1, 2624) for k in range(6)]
    assert all(onnx_file.file_bytes(one) <= 12_000 for one in found)


def test_without_the_extra_there_is_no_file_and_the_size_is_of_the_weights(tmp_path, monkeypatch):
    one = a.next_architecture("random", a.SPACE, [], 1, 3, 2624)
    monkeypatch.setattr(onnx_file, "can_export", lambda: False)
    assert onnx_file.save_onnx(fitted(one, 1), tmp_path) is None
    norms = sum(2 * stage["width"] for stage in one["stages"])
    assert onnx_file.file_bytes(one) == 4 * (a.parameters(one) + norms)
