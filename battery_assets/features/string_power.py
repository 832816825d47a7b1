"""Power of a string, and how far its ripple is from the one line that a healthy rectifier leaves.

On a DC bus distortion is told against the first characteristic line f1 of the rectifier (300 Hz for six
pulses, 600 Hz for twelve): thd_pct = 100 sqrt(Σ V_h², f_h ≠ f1) / V_f1 over 50 Hz to 2 kHz (SOURCES 4).
"""

import numpy as np
import polars as pl

from battery_assets.features.runs import micros, numbers, unit_runs

SIX_PULSE_HZ = 300.0
NOISE_FLOOR_V = 0.010
MAINS_HZ = 50.0
HIGHEST_HZ = 2000.0
BLOCK_US = 3_600_000_000
# Source 1 mH, capacitor 20 mF and 10 mΩ; share of it that is left and the factor of its ESR (SOURCES 4).
SOURCE_H, CAPACITOR_F, CAPACITOR_OHM = 1e-3, 20e-3, 0.010
CAPACITOR_LEFT = ((1.0, 1.0), (0.8, 1.5), (0.6, 2.0), (0.4, 3.0), (0.2, 5.0), (0.0, 1.0))
# Impedance of a string of 24 jars: 111 mΩ and 20 µH; one that is worn or short is within a few times of it.
STRING_OHM, STRING_H = 0.111, 20e-6
PLAUSIBLE_OHM = (0.005, 1.0)
DOUBT = 3.0


def string_calc_day(strings_day: pl.DataFrame) -> pl.DataFrame:
    """Rows of telemetry_string_calc (ts, string_id, power_w, thd_pct) of a day, in the order they came.

    strings_day: columns of telemetry_string_raw sorted by (string_id, ts). power_w = voltage_v · current_a,
    positive charges. thd_pct is an estimate, since telemetry carries only the rms of ripple voltage and
    current. It has two parts, added as squares.

    What a six-pulse rectifier leaves behind its filter: the lines 300 Hz · k of rms √2/(n²−1) of V_dc through
    the source's inductance and the capacitor beside the string, 7.5 % with a whole capacitor, 15 % without;
    the ripple's share of V_dc says how much of the capacitor is left (source of 1 mH; 2 mH halve the ripple).

    What other lines add (an unbalanced phase, an open diode): y = (I/V)² Z², the mean of an hour against the
    string's own median of the day, says where the energy lies, as the string's |R + jωL| grows with
    frequency. A share x at other lines moves y to 1 + x (Z1²/Zx² − 1), with Zx that of 2 f1 where y < 1 and
    of 100 Hz where y > 1; it adds 100 √(x/(1 − x)). A deviation within three standard errors counts as
    none, and one that lasts all day cannot be seen.

    thd_pct is NULL on discharge (the rectifier is off), where V_f1 is under 10 mV, where ripple voltage or
    current is missing, and where their ratio is no string's impedance (5 mΩ to 1 Ω): unrelated channels.
    """
    ts, ids = micros(strings_day["ts"]), strings_day["string_id"].unique(maintain_order=True)
    runs = unit_runs(strings_day["string_id"], ids.cast(pl.String).to_list())
    volts, amps = (
        numbers(strings_day, f"ripple_{name}").astype(float) for name in ("voltage_rms_v", "current_rms_a")
    )
    bus = numbers(strings_day, "voltage_v").astype(float)
    usable = (bus > 0) & (volts >= NOISE_FLOOR_V) & (amps > 0) & _rectifier_on(strings_day)
    thd = np.full(strings_day.height, np.nan)
    for first, last in zip(runs.start, runs.stop, strict=True):
        rows = first + np.flatnonzero(usable[first:last])
        if len(rows):
            behind_filter = filtered_thd_pct(volts[rows] / bus[rows])
            other = _other_lines_pct(ts[rows] // BLOCK_US, volts[rows], amps[rows])
            thd[rows] = np.hypot(behind_filter, other)
    thd[volts / np.hypot(1.0, thd / 100.0) < NOISE_FLOOR_V] = np.nan
    return strings_day.select(
        "ts",
        pl.col("string_id").cast(pl.String),
        (pl.col("voltage_v").cast(pl.Float64) * pl.col("current_a").cast(pl.Float64)).alias("power_w"),
        pl.Series("thd_pct", thd, nan_to_null=True),
    )


def _rectifier_on(frame: pl.DataFrame) -> np.ndarray:
    on = ~(numbers(frame, "current_a") <= -1.0)
    if "mode" in frame.columns:
        on &= (frame["mode"].cast(pl.String) != "discharge").fill_null(True).to_numpy()
    return on


def _other_lines_pct(block: np.ndarray, volts: np.ndarray, amps: np.ndarray) -> np.ndarray:
    """Lines beside f1 in % of it, one value per block of one string; NaN where it cannot be told."""
    admittance = np.log(amps / volts)
    usual = np.median(admittance)
    if not PLAUSIBLE_OHM[0] <= np.exp(-usual) <= PLAUSIBLE_OHM[1]:
        return np.full(len(volts), np.nan)
    _, which = np.unique(block, return_inverse=True)
    count = np.bincount(which)
    # In logarithms, so that noise of the two channels does not move the mean.
    mean = np.bincount(which, admittance - usual) / count
    spread = np.bincount(which, (admittance - usual - mean[which]) ** 2) / np.maximum(count - 1, 1)
    clear = np.where(np.abs(mean) > DOUBT * np.sqrt(spread / count), np.expm1(2 * mean), 0.0)
    share = np.clip(np.where(clear < 0, clear / _swing(2 * SIX_PULSE_HZ), clear / _swing(100.0)), 0.0, 0.95)
    return (100.0 * np.sqrt(share / (1.0 - share)))[which]


def filtered_thd_pct(ripple_share: np.ndarray) -> np.ndarray:
    """THD in % of a six-pulse bus whose ripple rms is that share of V_dc: more ripple, less capacitor."""
    order = 6.0 * np.arange(1, 7)
    omega = 2 * np.pi * MAINS_HZ * order
    string = STRING_OHM + 1j * omega * STRING_H
    shares, distortions = [], []
    for left, esr in CAPACITOR_LEFT:
        path = 1.0 / (CAPACITOR_OHM * esr + 1.0 / (1j * omega * CAPACITOR_F * left)) if left else 0.0
        parallel = 1.0 / (1.0 / string + path)
        lines = np.sqrt(2) / (order**2 - 1) * np.abs(parallel / (parallel + 1j * omega * SOURCE_H))
        shares.append(np.sqrt(np.sum(lines**2)))
        distortions.append(100.0 * np.sqrt(np.sum(lines[1:] ** 2)) / lines[0])
    return np.interp(ripple_share, shares, distortions)


def _swing(hz: float) -> float:
    """Z1²/Z² − 1 of the reference string between 300 Hz and another frequency."""
    squared = [STRING_OHM**2 + (2 * np.pi * f * STRING_H) ** 2 for f in (SIX_PULSE_HZ, hz)]
    return squared[0] / squared[1] - 1.0


def thd_from_waveform(voltage_v: np.ndarray, sample_rate_hz: float, f1_hz: float = SIX_PULSE_HZ) -> float:
    """THD in % of a sampled ripple waveform (n,) in V, by FFT over the whole mains cycles that it holds.

    Lines are the multiples of 50 Hz from 50 Hz to 2 kHz, each with its two neighbouring bins where they lie
    within 5 Hz (IEC 61000-4-7 subgroups). NaN where V_f1 is under 10 mV. Raises ValueError for less than one
    mains cycle, or a rate under 6.4 kHz (SOURCES 4).
    """
    cycles = int(len(voltage_v) / sample_rate_hz * MAINS_HZ + 1e-9)
    if cycles < 1 or sample_rate_hz < 6400:
        raise ValueError(f"need one mains cycle at 6.4 kHz or more, got {cycles} at {sample_rate_hz} Hz")
    n = round(cycles * sample_rate_hz / MAINS_HZ)
    rms = np.abs(np.fft.rfft(np.asarray(voltage_v[:n], float) - np.mean(voltage_v[:n]))) * np.sqrt(2) / n
    wide = 1 if cycles >= 10 else 0
    lines = np.arange(MAINS_HZ, HIGHEST_HZ + 1, MAINS_HZ)
    at = np.rint(lines / MAINS_HZ).astype(int) * cycles
    energy = np.array([np.sum(rms[k - wide : k + wide + 1] ** 2) for k in at])
    first = energy[np.argmin(np.abs(lines - f1_hz))]
    if np.sqrt(first) < NOISE_FLOOR_V:
        return float("nan")
    return float(100.0 * np.sqrt((energy.sum() - first) / first))
