"""What a positive current does in a file: brought to 'charges', and proven by the voltage."""

import re
from collections import Counter

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.refusal import LabFileRefused

# Words of other versions and languages of a program: 'Charge', 'CC_DChg', 'Discharging'.
_DIRECTION = re.compile(
    r"(?i)(?<![a-z])(?:(?P<out>dchg|dischg|discharge|discharging|disch|dch|dis)|chg|cha|charge|charging)(?![a-z])"
)
# Currents below this share of the largest are rest.
REST_SHARE = 0.01
# A voltage that moves less than this over all runs of current proves nothing.
_LEAST_MOVE_V = 0.005
_DECLARE = "say --current-sign 'positive charges' (or 'positive discharges') if you know it"


def positive_charges(
    frame: pl.DataFrame, dialect: Dialect, contract: LabContract, notes: Counter
) -> tuple[pl.DataFrame, list[int]]:
    """The frame with a signed current, and rows whose step type has no known direction.

    Raises LabFileRefused: SIGN, where magnitudes cannot be given a direction.
    """
    if contract.current_sign and _of_magnitudes(frame, dialect):
        notes["the current is a magnitude and has no sign: the step type gives it, not the contract"] += 1
        return _by_step_type(frame, dialect, notes)
    if contract.current_sign == "positive discharges":
        notes["current turned round: the contract says that positive discharges"] += frame.height
        return frame.with_columns(-pl.col("current_a")), []
    if contract.current_sign == "positive charges" or dialect.sign in ("signed", "proven"):
        return frame, []
    if dialect.sign == "signed or step type" and bool((frame["current_a"] < 0).any()):
        return frame, []
    if "step_type" not in frame.columns:
        return frame, []
    return _by_step_type(frame, dialect, notes)


def _of_magnitudes(frame: pl.DataFrame, dialect: Dialect) -> bool:
    """Whether no current is negative, and steps of a format that goes by them charge as well as discharge."""
    if not dialect.sign.endswith("step type") or "step_type" not in frame.columns:
        return False
    if bool((frame["current_a"] < 0).any()):
        return False
    words = frame.filter(pl.col("current_a") > 0)["step_type"].drop_nulls().unique().to_list()
    kinds = _directions(words, dialect)
    return {kinds.get(word) for word in words} >= {1.0, -1.0}


def _directions(words: list[str], dialect: Dialect) -> dict[str, float]:
    """1 for the words of charge, -1 of discharge, 0 of rest; a word of no known direction is left out."""
    kinds = {word: 1.0 for word in dialect.charging}
    kinds |= {word: -1.0 for word in dialect.discharging}
    kinds |= {word: 0.0 for word in dialect.resting}
    others = {word: match for word in words if word not in kinds and (match := _DIRECTION.search(word))}
    return kinds | {word: -1.0 if match["out"] else 1.0 for word, match in others.items()}


def _by_step_type(frame: pl.DataFrame, dialect: Dialect, notes: Counter) -> tuple[pl.DataFrame, list[int]]:
    kinds = _directions(frame["step_type"].drop_nulls().unique().to_list(), dialect)
    direction = frame["step_type"].replace_strict(kinds, default=None, return_dtype=pl.Float64)
    size = frame["current_a"].abs()
    largest = float(size.max() or 0.0)  # type: ignore[arg-type]
    unknown = (
        (direction.is_null() | (direction == 0)) & (size > REST_SHARE * largest) & (size > 0)
    ).to_numpy()
    if (direction < 0).any():
        notes["the current is a magnitude: its sign is the step type's"] += frame.height
    signed = pl.select(pl.when(direction < 0).then(-size).otherwise(size)).to_series().alias("current_a")
    return frame.with_columns(signed), [int(row) for row in np.flatnonzero(unknown)]


def prove(points: pl.DataFrame, dialect: Dialect, contract: LabContract, notes: Counter) -> None:
    """Hold the current against the voltage: what charges raises it. Raises LabFileRefused: SIGN.

    What the contract declares is obeyed, and what contradicts it is told.
    """
    agree, disagree, worst = _votes(points)
    typed = points["step_type"].null_count() < points.height and dialect.sign != "proven"
    unsigned = dialect.sign != "signed" and not typed and not contract.current_sign
    unsigned = unsigned and not bool((points["current_a"] < 0).any())
    if unsigned and disagree > 0.2 * agree:
        raise LabFileRefused(
            "SIGN",
            found=f"currents without a sign, no step type, and a voltage that falls from line {worst} on",
            expected="a column that tells charge from discharge",
            next_step=f"export again with the step type (Maccor: State or Md), or {_DECLARE}",
            line=worst,
        )
    if agree + disagree < _LEAST_MOVE_V:
        if (points["current_a"].abs() > 0).any():
            notes["the sign of the current is unproven: the voltage hardly moves"] += 1
        return
    if disagree > agree and (contract.current_sign or _only_in_discharge(points, dialect)):
        said = "contract" if contract.current_sign else "format"
        notes[
            f"the sign of the current is what the {said} says, though the voltage moves against it by "
            f"{disagree:.3f} V against {agree:.3f} V, clearest from line {worst} on"
        ] += 1
        return
    if disagree > agree:
        raise LabFileRefused(
            "SIGN",
            found="a voltage that falls while the current is positive or rises while it is negative: "
            f"{disagree:.3f} V "
            f"against {agree:.3f} V that move the right way, clearest from line {worst} on",
            expected="positive current charges, so the voltage rises",
            next_step="if positive discharges in this export, say it: --current-sign 'positive discharges'",
            line=worst,
        )
    if unsigned and agree:
        notes["the current has no sign in this export: the voltage rises in every run, so it charges"] += 1


def _only_in_discharge(points: pl.DataFrame, dialect: Dialect) -> bool:
    """Whether the format fixes the sign and nothing charges: a voltage may rise for minutes under a load."""
    return dialect.sign_fixed and not bool((points["current_a"] > 0).any())


def _votes(points: pl.DataFrame) -> tuple[float, float, int]:
    """Volts that move with the current's sign and against it, over its runs, and where the largest against
    begins. A run's move is its jump from the rest before it plus its way from first row to last."""
    current, voltage = points["current_a"].to_numpy(), points["voltage_v"].to_numpy()
    if not len(current):
        return 0.0, 0.0, 0
    active = np.abs(current) > REST_SHARE * np.abs(current).max()
    sign = np.where(active, np.sign(current), 0.0)
    begins = np.flatnonzero(np.diff(sign, prepend=np.nan) != 0)
    ends = np.append(begins[1:], len(sign)) - 1
    signs = sign[begins]
    before = np.maximum(begins - 1, 0)
    from_rest = (begins > 0) & (sign[before] == 0)
    start = np.where(from_rest, voltage[before], voltage[begins])
    moves = (voltage[ends] - start) * signs
    against = np.minimum(moves, 0)
    worst = int(points["line"][int(begins[int(np.argmin(against))])])
    return float(np.maximum(moves, 0).sum()), float(-against.sum()), worst


def unknown_step_types(points: pl.DataFrame, rows: list[int], raw) -> list[Fault]:
    """Faults for rows whose direction nobody knows."""
    return [
        Fault(
            int(points["line"][row]),
            "step_type",
            "UNKNOWN_STEP_TYPE",
            points["step_type"][row],
            raw(int(points["row"][row])),
        )
        for row in rows
    ]
