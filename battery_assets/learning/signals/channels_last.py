"""A convolutional network computed with its channels last in memory, for training and for many bursts.

The same sums as `Network.forward`, in another order: oneDNN's kernels for this layout do them in some two
thirds of the time on one thread. The first stage reads two channels, too few for a kernel's registers. There
the samples of one stride stand side by side, as so many channels of a convolution that skips none (polyphase
form: Vaidyanathan, Proc. IEEE 78 (1990) 56).
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

# Bursts whose numbers stay in a processor's cache while they are prepared.
BLOCK = 64
# Where a mapped block of so many bytes is freed, glibc keeps all smaller ones from then on. Without it every
# step of a training faults its pages in anew. The library's own limit is 32 MiB.
HEAP_BYTES = 31 * 2**20


def laid_out(
    channels: tuple[np.ndarray, np.ndarray], scale: tuple[float, float], kernel: int, stride: int,
    *, centred: bool,
) -> Tensor:  # fmt: skip
    """Waveforms of both channels (N, n) as a first stage of such a kernel reads them, (N, rows, stride x 2).

    A row holds the samples of one stride, both channels of each. Waveforms lose their means where `centred`;
    they are in units of the training's spread, large ones tamed.
    """
    count, samples = channels[0].shape
    before, taps = kernel // 2, -(-kernel // stride)
    rows = (samples + 2 * before - kernel) // stride + taps
    laid = torch.zeros(count, rows * stride, len(channels))
    room = min(samples, rows * stride - before)
    for begin in range(0, count, BLOCK):
        part = slice(begin, begin + BLOCK)
        for channel, (waves, spread) in enumerate(zip(channels, scale, strict=True)):
            block = waves[part]
            scaled = (block - block.mean(axis=1, keepdims=True) if centred else block) * (3 / spread)
            tamed = torch.asinh(torch.as_tensor(scaled.astype(np.float32)))
            laid[part, before : before + room, channel] = tamed[:, :room]
    return laid.view(count, rows, stride * len(channels))


def features_of(layers: nn.Sequential, laid: Tensor) -> Tensor:
    """What the last stage computes, (K, width, places), of what `laid_out` gives (K, rows, columns)."""
    stages = list(layers)
    norm = next(place for place, layer in enumerate(stages) if isinstance(layer, nn.BatchNorm1d))
    first = [layer for layer in stages[:norm] if isinstance(layer, nn.Conv1d)]
    weight = _by_phase(_joined(first), first[0].stride[0])
    features = functional.conv2d(laid.permute(0, 2, 1).unsqueeze(2), weight)
    for layer in stages[norm:]:
        if isinstance(layer, nn.Conv1d):
            step, beside = (1, layer.stride[0]), (0, int(layer.padding[0]))
            weight = layer.weight.unsqueeze(2)
            features = functional.conv2d(features, weight, None, step, beside, 1, layer.groups)
        elif isinstance(layer, nn.BatchNorm1d):
            features = functional.batch_norm(
                features, layer.running_mean, layer.running_var, layer.weight, layer.bias, layer.training,
                layer.momentum or 0.0, layer.eps,
            )  # fmt: skip
        else:
            features = torch.relu_(features)
    return features.squeeze(2)


def _joined(layers: list[nn.Conv1d]) -> Tensor:
    """The one kernel (O, C, k) that convolutions of a stage are together: nothing stands between them."""
    if len(layers) == 1:
        return layers[0].weight
    by_channel, pointwise = layers
    return pointwise.weight * by_channel.weight.transpose(0, 1)


def _by_phase(weight: Tensor, stride: int) -> Tensor:
    """A kernel (O, C, k) for rows of one stride each, (O, stride x C, 1, taps)."""
    width, channels, kernel = weight.shape
    taps = -(-kernel // stride)
    padded = functional.pad(weight, (0, taps * stride - kernel)).view(width, channels, taps, stride)
    return padded.permute(0, 3, 1, 2).reshape(width, stride * channels, 1, taps)


def keep_heap() -> None:
    """Let the C library keep what a training frees, instead of asking for the same pages at every step."""
    torch.empty(HEAP_BYTES, dtype=torch.uint8)
