"""Which seconds of a discharge made a network speak, against the curve's own reference.

The reference is the string's median jar, or the cell's first cycles: no deviation at all. A method earns its
place as one of lines does: its top span must be one in which the jar did deviate, with a single reading that
dips further beside it; putting the better half of the spans back must take the name away; and random weights
must not point as well.
"""

import numpy as np
import torch

from battery_assets.learning.signals.bursts import Bursts
from battery_assets.learning.signals.convolution import Fitted, Network, curves_of, one_way
from battery_assets.learning.signals.explaining import STEPS

# A curve is explained in so many spans; a span counts as changed from this share of the largest deviation on.
SPANS, CHANGED = 24, 0.5
PUT_BACK = SPANS // 2
DECOY = 1.5


def seconds(bursts: Bursts) -> list[float]:
    """When each span begins, in seconds since the discharge began."""
    points = bursts.volts.shape[1]
    return [round(float(span[0] / bursts.rate_hz), 1) for span in _spans(points)]


def shares_of(fitted: Fitted, bursts: Bursts, places: np.ndarray, method: str) -> np.ndarray:
    """What each span (N, 24) of curves adds to the logit of their label."""
    waves = bursts.for_networks().only(places)
    return _shares(fitted, waves, waves.labels.argmax(axis=1), method)


def scores(
    fitted: Fitted, bursts: Bursts, places: np.ndarray, method: str, seed: int = 1
) -> dict[str, float]:
    """What a method is worth on curves with a label: as `explaining.scores`, by spans in place of lines."""
    waves = bursts.for_networks().only(places)
    kinds, rng = waves.labels.argmax(axis=1), np.random.default_rng(seed)
    changed = _changed(waves.volts)
    decoyed = waves.with_volts(_with_dip(waves.volts, rng))
    torch.manual_seed(seed)
    scrambled = Fitted(
        fitted.recipe, fitted.scale, Network(fitted.recipe, classes=len(fitted.classes)).eval(), 0, 0, 0.0,
        False, classes=fitted.classes,
    )  # fmt: skip
    span_shares = _shares(fitted, waves, kinds, method)
    drawn = rng.permuted(np.tile(np.arange(SPANS), (len(kinds), 1)), axis=1)[:, :PUT_BACK]

    def pointed(spans: np.ndarray) -> float:
        return float(changed[np.arange(len(spans)), spans.argmax(axis=1)].mean())

    return {
        "pointing": pointed(span_shares),
        "decoy_pointing": pointed(_shares(fitted, decoyed, kinds, method)),
        "no_model_decoy_pointing": pointed(_largest(decoyed.volts)),
        "random_weights_pointing": pointed(_shares(scrambled, decoyed, kinds, method)),
        "deletion": _deletion(fitted, waves, kinds, span_shares.argsort(axis=1)[:, -PUT_BACK:]),
        "random_deletion": _deletion(fitted, waves, kinds, drawn),
    }


def _spans(points: int) -> list[np.ndarray]:
    return np.array_split(np.arange(points), SPANS)


def _of_point(points: int) -> np.ndarray:
    """The span of each point, (n,)."""
    return np.repeat(np.arange(SPANS), [len(span) for span in _spans(points)])


def _largest(deviation: np.ndarray) -> np.ndarray:
    """The largest deviation within each span, (N, 24): all that one sees without a model."""
    return np.column_stack([np.abs(deviation[:, span]).max(axis=1) for span in _spans(deviation.shape[1])])


def _changed(deviation: np.ndarray) -> np.ndarray:
    """In which spans (N, 24) a curve deviates by half of its most, in the mean of the span."""
    means = np.column_stack([
        np.abs(deviation[:, span].mean(axis=1)) for span in _spans(deviation.shape[1])
    ])  # fmt: skip
    changed: np.ndarray = means >= CHANGED * means.max(axis=1, keepdims=True)
    return changed


def _with_dip(deviation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same curves with one reading that dips half as far again as the most, where nothing changed.

    Where all spans changed it lies in the least changed one; that one then counts as pointed at wrongly.
    """
    dipped, rows = deviation.copy(), np.arange(len(deviation))
    spans = _spans(deviation.shape[1])
    least = np.column_stack([np.abs(deviation[:, span].mean(axis=1)) for span in spans]).argmin(axis=1)
    inside = np.array([len(span) for span in spans])[least]
    place = np.array([span[0] for span in spans])[least] + rng.integers(0, inside)
    dipped[rows, place] -= DECOY * np.abs(deviation).max(axis=1)
    return dipped


def _shares(fitted: Fitted, bursts: Bursts, kinds: np.ndarray, method: str) -> np.ndarray:
    waves, target = curves_of(fitted, bursts), torch.as_tensor(kinds)
    usual = waves.clone()
    usual[:, 0] = 0.0
    with one_way(fitted.recipe):
        if method == "integrated_gradients":
            from captum.attr import IntegratedGradients

            gradients = IntegratedGradients(fitted.network.eval()).attribute(
                waves, baselines=usual, target=target, n_steps=STEPS, internal_batch_size=256
            )
            by_point = gradients.detach().numpy()[:, 0]
            return np.column_stack([by_point[:, span].sum(axis=1) for span in _spans(by_point.shape[1])])
        return _occluded(fitted, waves, target)


def _occluded(fitted: Fitted, waves: torch.Tensor, target: torch.Tensor) -> np.ndarray:
    """How far the logit falls (N, 24) when a span is as the reference has it."""
    rows, lost = torch.arange(len(target)), np.empty((len(target), SPANS))
    with torch.no_grad():
        whole = fitted.network(waves)[rows, target]
        for place, span in enumerate(_spans(waves.shape[-1])):
            without = waves.clone()
            without[:, 0, span] = 0.0
            lost[:, place] = (whole - fitted.network(without)[rows, target]).numpy()
    return lost


def _deletion(fitted: Fitted, bursts: Bursts, kinds: np.ndarray, spans: np.ndarray) -> float:
    """Share of the label's probability that goes when these spans (N, k) are put back."""
    waves, rows = curves_of(fitted, bursts), np.arange(len(kinds))
    back = waves.clone()
    gone = (_of_point(waves.shape[-1])[None, :, None] == spans[:, None, :]).any(axis=2)
    back[:, 0][torch.as_tensor(gone)] = 0.0
    with torch.no_grad():
        before, after = (torch.sigmoid(fitted.network(one)).numpy()[rows, kinds] for one in (waves, back))
    return float(np.mean((before - after) / np.maximum(before, 1e-6)))
