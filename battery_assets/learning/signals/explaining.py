"""Which lines of a burst made a network name a fault, against the string's own sound bursts.

Integrated gradients along the path from the string's sound spectrum to the burst's, phases kept: no ripple at
all, the usual baseline, is what no bus has. A method earns its place: its top line must be one that the fault
changes, with a foreign tone beside it too; taking that line back must take the name away; and a network with
weights drawn anew must not point as well.
"""

from dataclasses import dataclass

import numpy as np
import torch

from battery_assets.features.ripple.spectrum import LINES
from battery_assets.learning.signals.bursts import CLASSES, Bursts
from battery_assets.learning.signals.convolution import Fitted, Network, one_way

METHODS = ("integrated_gradients", "occlusion")
CYCLES, STEPS = 10, 32
# Foreign tones that no rectifier leaves, Hz, and what a method must reach to be shown.
DECOYS = (350.0, 450.0, 550.0)
LEAST = {"decoy_pointing": 0.75, "deletion": 0.5}


@dataclass(frozen=True)
class Spectrum:
    """Bursts as magnitudes and phases (N, 2, bins) of ten cycles; references as magnitudes."""

    size: torch.Tensor
    phase: torch.Tensor
    own: torch.Tensor
    samples: int

    def only(self, places: np.ndarray) -> "Spectrum":
        """Those at these places."""
        return Spectrum(self.size[places], self.phase[places], self.own[places], self.samples)


def spectrum_of(bursts: Bursts) -> Spectrum:
    """Every burst's spectrum with that of its string's sound references, by the median."""
    samples = round(CYCLES * bursts.rate_hz / 50.0)
    waves = np.stack([bursts.volts[:, :samples], bursts.amps[:, :samples]], axis=1)
    lines = np.fft.rfft(waves - waves.mean(axis=-1, keepdims=True), axis=-1)
    own = np.empty(lines.shape)
    for string in np.unique(bursts.own):
        mine = bursts.own == string
        own[mine] = np.median(np.abs(lines[mine & bursts.reference]), axis=0)
    size, phase, usual = (
        torch.as_tensor(one, dtype=torch.float32) for one in (np.abs(lines), np.angle(lines), own)
    )
    return Spectrum(size, phase, usual, samples)


class _OfMagnitudes(torch.nn.Module):
    """A network as a function of magnitudes, with the phases of a burst."""

    def __init__(self, network: Network, scale: tuple[float, float], samples: int) -> None:
        super().__init__()
        self.network, self.samples = network.eval(), samples
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32)[:, None])

    def forward(self, size: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
        """Logits (K, 4)."""
        waves = torch.fft.irfft(torch.polar(size.abs(), phase), n=self.samples, dim=-1)
        said: torch.Tensor = self.network(torch.asinh(waves / self.scale * 3))
        return said


def shares(fitted: Fitted, spectrum: Spectrum, kinds: np.ndarray, method: str) -> np.ndarray:
    """What each line (N, 40), of volts and amperes together, adds to the logit of a kind (N,)."""
    model, target = _OfMagnitudes(fitted.network, fitted.scale, spectrum.samples), torch.as_tensor(kinds)
    with one_way(fitted.recipe):
        if method == "integrated_gradients":
            from captum.attr import IntegratedGradients

            gradients = IntegratedGradients(model).attribute(
                spectrum.size, baselines=spectrum.own, target=target,
                additional_forward_args=(spectrum.phase,),
                n_steps=STEPS, internal_batch_size=256,
            )  # fmt: skip
            return _by_line(gradients.detach().numpy().sum(axis=1))
        return _occluded(model, spectrum, target)


def shares_of(fitted: Fitted, bursts: Bursts, places: np.ndarray, method: str) -> np.ndarray:
    """As `shares`, of the gravest label of bursts at these places."""
    return shares(fitted, spectrum_of(bursts).only(places), bursts.labels[places].argmax(axis=1), method)


def completeness_gap(fitted: Fitted, spectrum: Spectrum, kinds: np.ndarray) -> np.ndarray:
    """By how much (N,) the shares of all lines miss f(burst) - f(reference), relative to it."""
    model, rows = _OfMagnitudes(fitted.network, fitted.scale, spectrum.samples), np.arange(len(kinds))
    with torch.no_grad():
        moved = (model(spectrum.size, spectrum.phase) - model(spectrum.own, spectrum.phase)).numpy()[
            rows, kinds
        ]
    return np.abs(shares(fitted, spectrum, kinds, "integrated_gradients").sum(axis=1) - moved) / np.abs(moved)


def _occluded(model: _OfMagnitudes, spectrum: Spectrum, target: torch.Tensor) -> np.ndarray:
    """How far the logit falls (N, 40) when a line is as the string's own sound ones."""
    rows, lost = torch.arange(len(target)), np.empty((len(target), LINES))
    with torch.no_grad():
        whole = model(spectrum.size, spectrum.phase)[rows, target]
        for line in range(LINES):
            without = model(_restored(spectrum, np.full(len(target), line)), spectrum.phase)[rows, target]
            lost[:, line] = (whole - without).numpy()
    return lost


def _restored(spectrum: Spectrum, lines: np.ndarray) -> torch.Tensor:
    """Magnitudes with one line of each burst as its string's own sound ones have it."""
    size, places = spectrum.size.clone(), torch.as_tensor(lines)[:, None]
    bins = torch.arange(size.shape[-1])[None]
    inside = ((bins + CYCLES // 2) // CYCLES - 1 == places)[:, None].expand_as(size)
    return torch.where(inside, spectrum.own, size)


def _by_line(bins: np.ndarray) -> np.ndarray:
    """Sums (N, 40) of bins around each multiple of 50 Hz; under 25 Hz and over 2,025 Hz is left out."""
    first = CYCLES - CYCLES // 2
    return bins[:, first : first + LINES * CYCLES].reshape(len(bins), LINES, CYCLES).sum(axis=2)


def changed_lines(kind: str, pulses: int) -> set[int]:
    """Places of the lines (0: 50 Hz) that a fault changes most, by the physics of the bridge."""
    own = {order - 1 for order in range(pulses, LINES + 1, pulses)}
    even = {order - 1 for order in range(2, LINES + 1, 2)}
    return {
        "capacitor_loss": own, "phase_unbalance": even - own, "lost_phase": even - own,
        "open_diode": set(range(4)),
    }[kind]  # fmt: skip


def scores(
    fitted: Fitted, bursts: Bursts, places: np.ndarray, method: str, seed: int = 1
) -> dict[str, float]:
    """What a method is worth on bursts with one fault each: pointing, with a decoy, deletion, randomization.

    `no_model_decoy_pointing` is that of the largest change of the spectrum, without any network.
    """
    spectrum, kinds = spectrum_of(bursts).only(places), bursts.labels[places].argmax(axis=1)
    decoyed = _with_tone(spectrum, np.random.default_rng(seed))
    torch.manual_seed(seed)
    scrambled = Fitted(fitted.recipe, fitted.scale, Network(fitted.recipe).eval(), 0, 0, 0.0, False)
    line_shares = shares(fitted, spectrum, kinds, method)

    def pointed(lines: np.ndarray) -> float:
        hit = [
            int(np.argmax(row)) in changed_lines(CLASSES[kind], int(pulses))
            for row, kind, pulses in zip(lines, kinds, bursts.pulses[places], strict=True)
        ]
        return float(np.mean(hit))

    return {
        "pointing": pointed(line_shares),
        "decoy_pointing": pointed(shares(fitted, decoyed, kinds, method)),
        "no_model_decoy_pointing": pointed(_largest_change(decoyed)),
        "random_weights_pointing": pointed(shares(scrambled, decoyed, kinds, method)),
        "deletion": _deletion(fitted, spectrum, kinds, line_shares.argmax(axis=1)),
        "random_deletion": _deletion(
            fitted, spectrum, kinds, np.random.default_rng(seed).integers(LINES, size=len(kinds))
        ),
    }


def earns_its_place(scores: dict[str, float]) -> bool:
    """Whether a method's scores let it be shown."""
    enough = all(scores[name] >= least for name, least in LEAST.items())
    return enough and scores["random_weights_pointing"] < scores["decoy_pointing"]


def _largest_change(spectrum: Spectrum) -> np.ndarray:
    return _by_line((spectrum.size - spectrum.own).abs().numpy()[:, 0])


def _with_tone(spectrum: Spectrum, rng: np.random.Generator) -> Spectrum:
    """The same bursts with a tone that no rectifier leaves, half as strong again as the largest change."""
    size = spectrum.size.clone()
    strongest = (size - spectrum.own).abs().amax(dim=-1)
    places = rng.choice([round(hz / 5.0) for hz in DECOYS], len(size))
    size[torch.arange(len(size)), :, torch.as_tensor(places)] += 1.5 * strongest
    return Spectrum(size, spectrum.phase, spectrum.own, spectrum.samples)


def _deletion(fitted: Fitted, spectrum: Spectrum, kinds: np.ndarray, lines: np.ndarray) -> float:
    """Share of the fault's probability that goes when one line is put back."""
    model, rows = _OfMagnitudes(fitted.network, fitted.scale, spectrum.samples), np.arange(len(kinds))
    with torch.no_grad():
        before = torch.sigmoid(model(spectrum.size, spectrum.phase)).numpy()[rows, kinds]
        after = torch.sigmoid(model(_restored(spectrum, lines), spectrum.phase)).numpy()[rows, kinds]
    return float(np.mean((before - after) / np.maximum(before, 1e-6)))
