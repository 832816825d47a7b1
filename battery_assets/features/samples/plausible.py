"""Refuses days whose current has the wrong sign or whose columns are swapped: an estimate of them would lie.

Only what cannot be a battery is refused; what is merely odd is told by `data_objections`.
"""

import numpy as np

from battery_assets.errors import BadInput
from battery_assets.features.charge import kernels as kernel
from battery_assets.features.laws.current_sign import NEXT_STEP as SIGN_STEP
from battery_assets.features.samples.rated_capacity import LOADED_C

LOW_V = 12.0  # per jar: under it a jar that takes C/20 has been deeply discharged minutes before
JAR_V = (9.0, 17.0)
FEWEST = 12
# Of a slow monitor's few: below what a jar shows that is charged, and none of them the other way.
FEW, DISCHARGED_V = 3, 12.5
SWAP_STEP = "name the two columns rightly at the source, import its files anew and run the month again"


def refuse_strings(
    string: str, current_a: np.ndarray, volts: np.ndarray, mode: np.ndarray, rated_ah: float
) -> None:
    """Raises BadInput for a day of one string that `string_doubt` doubts. string: what people call it."""
    doubt = string_doubt(current_a, volts, mode, rated_ah)
    if doubt is not None:
        words, step = doubt
        raise BadInput(f"string {string}: {words}; next step: {step}")


def string_doubt(
    current_a: np.ndarray, volts: np.ndarray, mode: np.ndarray, rated_ah: float
) -> tuple[str, str] | None:
    """Why a day of one string (volts per jar) cannot be, and the next step; None where it can.

    It discharges with a positive current, or its current is its voltage.
    """
    # Loaded, as the monitor's mode says, or as a voltage that no charging jar keeps.
    loaded = (mode == kernel.MODE_DISCHARGE) | ((mode == kernel.MODE_UNKNOWN) & (volts < LOW_V))
    strong = np.abs(current_a) > LOADED_C * rated_ah
    wrong = int(np.count_nonzero(loaded & strong & (current_a > 0)))
    right = int(np.count_nonzero(loaded & strong & (current_a < 0)))
    low = int(np.count_nonzero(loaded & strong & (current_a > 0) & (volts < DISCHARGED_V)))
    if (wrong >= FEWEST and wrong > right) or (low >= FEW and not right):
        words = (
            f"current_a is positive in {wrong} samples of a discharge and negative in {right}, but positive "
            "current charges"
        )
        return words, SIGN_STEP
    finite = np.isfinite(current_a) & np.isfinite(volts)
    if np.count_nonzero(finite) < FEWEST:
        return None
    amps, volt = float(np.median(np.abs(current_a[finite]))), float(np.median(np.abs(volts[finite])))
    if volt < JAR_V[0] / 2 and amps > LOADED_C * rated_ah and amps > 10 * volt and amps > 100:
        words = (
            f"current_a stays at {amps:.0f} A and voltage_v at {volt:.2f} V per jar: the two columns look "
            "swapped"
        )
        return words, SWAP_STEP
    return None


def refuse_jars(volts: np.ndarray, temps: np.ndarray) -> None:
    """Raises BadInput for jar rows whose voltage_v is a temperature and whose temperature_c a voltage."""
    if not len(volts):
        return
    some = slice(None, None, max(len(volts) // 2000, 1))
    v, t = volts[some], temps[some]
    finite = np.isfinite(v) & np.isfinite(t)
    if np.count_nonzero(finite) < FEWEST:
        return
    volt, warm = float(np.median(v[finite])), float(np.median(t[finite]))
    if volt > JAR_V[1] and JAR_V[0] < warm < JAR_V[1] and float(np.std(t[finite])) < 1.5:
        raise BadInput(
            f"jars show {volt:.1f} V at {warm:.1f} °C: voltage_v and temperature_c look swapped; "
            f"next step: {SWAP_STEP}"
        )
