"""A network as an ONNX file that a gateway runs: from a burst in V and A to the probability of each fault.

The graph is written operator by operator, so that it holds nothing but what the network computes. It needs
the optional extra `export`; without it there is no file, and a network's size is that of its weights.
"""

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from battery_assets.errors import BadInput
from battery_assets.learning.signals.bursts import CLASSES
from battery_assets.learning.signals.convolution import Fitted, Network, Recipe, recipe_of

if TYPE_CHECKING:
    import onnx

NAME = "network.onnx"
# Opset and IR of onnxruntime 1.17 and later.
OPSET, IR = 17, 8
WEIGHT_BYTES = 4


def can_export() -> bool:
    """Whether the optional extra is here."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))


def save_onnx(fitted: Fitted, folder: Path) -> Path | None:
    """Write a network with its scales. Returns the file; None without the optional extra."""
    if not can_export():
        return None
    path = folder / NAME
    path.write_bytes(_model(fitted.network, fitted.recipe, fitted.scale, fitted.classes).SerializeToString())
    return path


def onnx_says(path: Path, volts: np.ndarray, amps: np.ndarray) -> np.ndarray:
    """Probability of each fault (N, 4) of bursts (N, n). Raises BadInput without the extra."""
    if not can_export():
        raise BadInput("onnxruntime is not here; next step: pip install 'battery-assets[export]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    [said] = session.run(None, {"burst": np.stack([volts, amps], axis=1).astype(np.float64)})
    shares: np.ndarray = said
    return shares


def file_bytes(one: dict[str, Any], classes: int = len(CLASSES)) -> int:
    """Bytes of the file of an architecture; without the extra those of its weights alone."""
    recipe = recipe_of(one)
    network = Network(recipe, classes=classes)
    if can_export():
        named = CLASSES if classes == len(CLASSES) else tuple(f"class_{k}" for k in range(classes))
        return len(_model(network, recipe, (1.0, 1.0), named).SerializeToString())
    return WEIGHT_BYTES * sum(
        values.numel() for values in network.state_dict().values() if values.is_floating_point()
    )


def _model(
    network: Network, recipe: Recipe, scale: tuple[float, float], classes: tuple[str, ...] = CLASSES
) -> "onnx.ModelProto":
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    waves = graph.prepared(scale, recipe.centred)
    for layer in network.stages:
        waves = graph.layer(layer, waves)
    pooled = [
        graph.add("Squeeze", [graph.add(f"Global{kind}Pool", [waves]), graph.constant(np.array([2]))])
        for kind, words in (("Average", ("mean", "both")), ("Max", ("max", "both")))
        if recipe.pool in words
    ]
    joined = graph.add("Concat", pooled, axis=1) if len(pooled) > 1 else pooled[0]
    logits = graph.add("Gemm", [joined, *graph.weights(network.head, "weight", "bias")], transB=1)
    graph.add("Sigmoid", [logits], out="probability")
    made = helper.make_graph(
        graph.nodes, "rectifier", [helper.make_tensor_value_info("burst", TensorProto.DOUBLE, ["N", 2, "n"])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", len(classes)])], graph.values,
    )  # fmt: skip
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="battery_assets"
    )
    model.ir_version = IR
    metadata = {"classes": json.dumps(classes), "recipe": json.dumps(asdict(recipe)), "units": "V, A"}
    helper.set_model_props(model, metadata)
    checker.check_model(model, full_check=True)
    return model


class _Graph:
    """Nodes and values of a graph, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.values: list[Any] = []

    def add(self, kind: str, inputs: list[str], out: str = "", **attributes: Any) -> str:
        """Add an operator. Returns the name of its output."""
        from onnx import helper

        out = out or f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, values: np.ndarray) -> str:
        """Add a value. Returns its name."""
        from onnx import numpy_helper

        name = f"w{len(self.values)}"
        self.values.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, layer: nn.Module, *names: str) -> list[str]:
        """Add weights of a layer. Returns their names."""
        state = layer.state_dict()
        return [self.constant(state[name].numpy()) for name in names]

    def prepared(self, scale: tuple[float, float], centred: bool) -> str:
        """Waveforms without their means, in units of the training's spread, large ones tamed."""
        from onnx import TensorProto

        waves = "burst"
        if centred:
            mean = self.add("ReduceMean", ["burst"], axes=[2], keepdims=1)
            waves = self.add("Sub", ["burst", mean])
        spread = np.array(scale, np.float64)[None, :, None] / 3
        scaled = self.add("Div", [waves, self.constant(spread)])
        # Doubles until here: 320 V leave a float 30 uV, and the ripple's noise is not much more.
        return self.add("Asinh", [self.add("Cast", [scaled], to=TensorProto.FLOAT)])

    def layer(self, layer: nn.Module, waves: str) -> str:
        """Add a layer of the stages. Raises TypeError for one that has no operator here."""
        if isinstance(layer, nn.Conv1d):
            terms: dict[str, Any] = {
                "strides": list(layer.stride), "pads": [int(side) for side in layer.padding] * 2,
                "group": layer.groups, "kernel_shape": list(layer.kernel_size),
            }  # fmt: skip
            return self.add("Conv", [waves, *self.weights(layer, "weight")], **terms)
        if isinstance(layer, nn.BatchNorm1d):
            names = ("weight", "bias", "running_mean", "running_var")
            return self.add("BatchNormalization", [waves, *self.weights(layer, *names)], epsilon=layer.eps)
        if isinstance(layer, nn.ReLU):
            return self.add("Relu", [waves])
        raise TypeError(f"{type(layer).__name__} has no operator here")
