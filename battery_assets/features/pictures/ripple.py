"""Pictures of fast captures: a ripple fault beside a sound string, and the load moving to the string."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    blank,
    draw_line,
    png,
)
from battery_assets.features.pictures.scales import draw_scales, share_limits
from battery_assets.features.ripple.bursts import bursts_in, ohmic_step
from battery_assets.features.ripple.spectrum import LINES, MAINS_HZ, spectra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_S = 0.06
RANK = ("healthy", "discharge", "unbalance", "capacitor_loss", "lost_phase", "open_diode")
WORDS = {
    "capacitor_loss": "capacitor has lost {:.0%}", "unbalance": "a phase is {:.0%} low",
    "open_diode": "one diode open", "lost_phase": "one phase lost", "healthy": "sound",
    "discharge": "on discharge",
}  # fmt: skip
LOW_LINES = {50.0: "a diode", 100.0: "unbalance"}
LEAST_MV = 1.0


def picked(bursts: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The burst with the gravest finding (of equals the strongest), and a sound one to set beside it.

    bursts: columns of `ripple_bursts.SCHEMA`, waveform_v, waveform_a, waveform_hz, pulses, string_code. The
    sound one is the nearest of the same string, else of a string of equal pulses. None without bursts.
    """
    judged = bursts.filter("steady", ~pl.col("discharge")).with_columns(
        rank=pl.col("diagnosis").replace_strict(
            {kind: k for k, kind in enumerate(RANK)}, return_dtype=pl.Int32
        )
    )
    if not judged.height:
        return None
    [worst] = judged.sort("rank", "ripple_v", "ts", descending=True).head(1).to_dicts()
    sound = judged.filter(pl.col("diagnosis") == "healthy", pl.col("ts") != worst["ts"]).with_columns(
        stranger=pl.col("string_id") != worst["string_id"],
        other=pl.col("pulses").fill_null(6) != (worst["pulses"] or 6),
        away=(pl.col("ts") - worst["ts"]).abs(),
    )
    best = sound.sort("stranger", "other", "away").head(1).to_dicts()
    return worst, (best[0] if best else worst)


def fault_picture(fault: dict[str, Any], sound: dict[str, Any]) -> bytes:
    """Voltage, current and spectrum of a burst with a finding and of a sound one; rows of `picked`.

    Where there is no other one, the burst is shown alone.
    """
    bursts = (fault,) if fault["ts"] == sound["ts"] else (fault, sound)
    figure = blank(10.6, 8)
    grid = figure.subplots(3, len(bursts), height_ratios=[1, 1, 1.35], squeeze=False)
    figure.subplots_adjust(left=0.07, right=0.985, top=0.965, bottom=0.065, hspace=0.3, wspace=0.17)
    for column, burst in enumerate(bursts):
        _waveforms(grid[0][column], grid[1][column], burst)
        _spectrum(grid[2][column], burst)
    alike = (0, 1, 2) if fault["ripple_v"] < 4 * sound["ripple_v"] else (2,)
    for row in alike:
        share_limits(grid[row], "y")
    for axes in grid.flat:
        draw_scales(axes, grid="y" if axes in grid[2] else "both")
    return png(figure)


def _waves(burst: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, float]:
    volts, amps = (np.asarray(burst[name], dtype=float) for name in ("waveform_v", "waveform_a"))
    return volts, amps, float(burst["waveform_hz"])


def _said(burst: dict[str, Any]) -> str:
    severity = burst["severity"]
    return WORDS[burst["diagnosis"]].format(severity if severity is not None else float("nan"))


def _waveforms(above: "Axes", below: "Axes", burst: dict[str, Any]) -> None:
    volts, amps, rate = _waves(burst)
    count = round(SHOWN_S * rate)
    ms = np.arange(count) / rate * 1000
    above.set_title(
        f"{burst['string_code']}: {_said(burst)}, {burst['ts']:%Y-%m-%d %H:%M:%S} UTC", fontsize=10, y=1.0
    )
    channels = (
        (above, volts, burst["ripple_v"], "V", BLUE, "voltage"),
        (below, amps, burst["ripple_a"], "A", VERMILION, "current, + charges"),
    )
    for axes, wave, rms, unit, colour, name in channels:
        axes.plot(ms, (wave - wave.mean())[:count], color=colour, linewidth=1.1)
        most = 1.2 * np.abs(wave - wave.mean()).max()
        axes.set_ylim(-most, most)
        axes.set_xlim(0, ms[-1])
        axes.set_ylabel(f"{name} ({unit})")
        said = f"{rms:.3g} {unit} rms around {wave.mean():.1f} {unit}"
        axes.text(0.99, 0.97, said, transform=axes.transAxes, fontsize=8, ha="right", va="top",
                  bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5})  # fmt: skip
    below.set_xlabel("time (ms)")


def _spectrum(axes: "Axes", burst: dict[str, Any]) -> None:
    volts, _, rate = _waves(burst)
    lines = spectra(volts, rate)
    hz = MAINS_HZ * np.arange(1, LINES + 1)
    mv = np.maximum(lines.lines[0] * 1000, LEAST_MV)
    first = MAINS_HZ * (burst["pulses"] or 6)
    colours = np.where(hz % first == 0, BLUE, np.where(hz <= 200, VERMILION, GREY))
    axes.vlines(hz, LEAST_MV, mv, colors=colours.tolist(), linewidths=3.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.axhline(10.0, color=ORANGE, linestyle=":", linewidth=1.2)
    axes.text(2020, 10.5, "10 mV: least f1", fontsize=7, ha="right", va="bottom", color=ORANGE)
    for line, name in _named(mv, first).items():
        height = mv[round(line / MAINS_HZ) - 1]
        axes.annotate(f"{line:.0f} Hz {name}", (line, height), fontsize=7.5, rotation=60,
                      xytext=(-2, 3), textcoords="offset points")  # fmt: skip
    axes.set_ylim(LEAST_MV, max(mv.max() * 60, 1000))
    axes.set_xlim(0, 2040)
    axes.set_title(f"{_distorted(burst['thd_pct'])}, ripple {burst['ripple_factor_pct']:.2f} % of Vdc, "
                   f"mains {lines.mains_hz[0]:.2f} Hz", fontsize=9, y=1.0)  # fmt: skip
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("lines of the voltage (mV rms)")


def _named(mv: np.ndarray, first: float) -> dict[float, str]:
    """Lines worth a name: the strongest low one and what it means, the rectifier's own first two."""
    low = 50.0 if mv[0] > mv[1] else 100.0
    named = {low: LOW_LINES[low], first: "= f1", 2 * first: "= 2 f1"}
    return {line: name for line, name in named.items() if mv[round(line / MAINS_HZ) - 1] > 3 * LEAST_MV}


def _distorted(thd: float | None) -> str:
    if thd is None:
        return "f1 under 10 mV: no THD"
    return f"THD {thd:.0f} % of f1" if thd < 1000 else "THD over 1000 % of f1"


def load_picture(capture: pl.DataFrame, title: str) -> bytes:
    """A string taking over its load: slow trace, its bursts marked, and the moment itself at 12.8 kHz."""
    starts = bursts_in(capture)
    steps = [(row, ohmic_step(*_waves(row))) for row in starts.to_dicts()]
    stepped = next(((row, step) for row, step in steps if step), None)
    figure = blank(11.2, 4.7)
    ratios = [1.5] if stepped is None else [1.5, 1]
    slow, *beside = figure.subplots(1, len(ratios), width_ratios=ratios, squeeze=False)[0]
    figure.subplots_adjust(left=0.06, right=0.94, top=0.93, bottom=0.11, wspace=0.28)
    begin = capture["ts"][0] if stepped is None else _instant(*stepped)
    second = (capture["ts"] - begin).dt.total_milliseconds().to_numpy() / 1000
    slow.set_title(title, fontsize=10, y=1.0)
    slow.set_xlabel("time since the load came (s); green: bursts of waveform")
    _pair(slow, second, capture["voltage_v"].to_numpy(), capture["current_a"].to_numpy())
    for at in (starts["ts"] - begin).dt.total_milliseconds().to_numpy() / 1000:
        slow.axvline(at, color=GREEN, linewidth=1.2)
    if stepped is None:
        return png(figure)
    [fast] = beside
    row, (at, volt, ampere) = stepped
    volts, amps, rate = _waves(row)
    fast.set_title(
        f"the moment: {volt:.1f} V at {ampere:.0f} A, {1000 * volt / ampere:.0f} mohm", fontsize=10, y=1.0
    )
    fast.set_xlabel("time since the load came (ms)")
    _pair(fast, (np.arange(len(volts)) - at) / rate * 1000, volts, amps)
    return png(figure)


def _instant(row: dict[str, Any], step: tuple[int, float, float]) -> Any:
    from datetime import timedelta

    return row["ts"] + timedelta(seconds=step[0] / row["waveform_hz"])


def _pair(axes: "Axes", along: np.ndarray, volts: np.ndarray, amps: np.ndarray) -> None:
    """Volts on the left, amperes on the right; title and label along x are set before."""
    draw_line(axes, along, volts, color=BLUE, linewidth=1.1)
    axes.set_ylabel("voltage (V)", color=BLUE)
    right = axes.figure.add_axes(axes.get_position().bounds)
    draw_line(right, along, amps, color=VERMILION, linewidth=0.9)
    right.axhline(0.0, color=GREY, linewidth=0.5)
    right.set_ylabel("current, positive charges (A)", color=VERMILION)
    share_limits((axes, right), "x")
    draw_scales(axes)
    draw_scales(right, right=True, grid="neither")
