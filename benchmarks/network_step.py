"""python -m benchmarks.network_step: what a burst costs a network of signals, against layer by layer.

The network of an experiment and some of a search for networks, on noise: forward and backward, on one thread.
CPU time, the least of some repeats, so that a busy machine does little harm.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from battery_assets.learning.search.architectures import SPACE, next_architecture
from battery_assets.learning.signals.channels_last import keep_heap, laid_out
from battery_assets.learning.signals.convolution import CHUNK, Network, one_way, recipe_of
from battery_assets.synthetic.events import BURST_SAMPLES

REPEATS, SEARCHED = 9, 6


def main() -> None:
    """Print a line for each network: us of CPU a burst layer by layer, and the share that is left."""
    rng = np.random.default_rng(1)
    volts, amps = rng.standard_normal((2, CHUNK, BURST_SAMPLES))
    true = torch.as_tensor(rng.random((CHUNK, 4)) < 0.2, dtype=torch.float32)
    searched = (
        next_architecture("random", SPACE, [], 1, seed, BURST_SAMPLES) or {} for seed in range(SEARCHED)
    )
    print("network            training, by layers and ratio   prediction, by layers and ratio")
    for name, one in (("experiment", {}), *((f"searched {k}", each) for k, each in enumerate(searched))):
        recipe = recipe_of(one)
        with one_way(recipe):
            keep_heap()
            network = Network(recipe)
            waves = torch.as_tensor(np.stack([volts, amps], axis=1), dtype=torch.float32)
            first = recipe.stages[0]
            laid = laid_out((volts, amps), (1.0, 1.0), first.kernel, first.stride, centred=True)
            ways = (lambda n=network, w=waves: n(w), lambda n=network, w=laid: n.logits(w))
            learning = [_least(_step(network, way, true)) for way in ways]
            network.eval()
            with torch.no_grad():
                saying = [_least(way) for way in ways]
        cells = [f"{1e6 * old / CHUNK:12.0f} us {new / old:8.2f}" for old, new in (learning, saying)]
        print(f"{name:18s}", *cells, flush=True)


def _step(network: Network, way: Callable[[], torch.Tensor], true: torch.Tensor) -> Callable[[], None]:
    def step() -> None:
        network.zero_grad()
        binary_cross_entropy_with_logits(way(), true).backward()

    return step


def _least(work: Callable[[], object]) -> float:
    """CPU seconds of a piece of work, the least of some."""
    work()
    seconds = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
