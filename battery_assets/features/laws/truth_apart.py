"""No raw number is the generator's truth in disguise.

A reading that measures a jar scatters (1 to 2 % for an ohmic instrument, SOURCES 8), so across jars it never
follows the truth to the fifth digit. A column that does was copied from it.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.runs import numbers

# One reading with 1 % of scatter correlates by 0.999 with truths that spread by 20 %: nothing honest is here.
LARGEST = 0.9999
FEWEST_JARS = 12
RANKED_JARS = 40  # with fewer, honest readings may well lie in the order of the truth
MOST_KINDS = 6
# One opened strap reads fifty times its neighbours: a single such jar carries any correlation of values.
FARTHEST_SHARE = 0.1
TRUTHS = ("profile", "mechanism", "soh_pct", "resistance_ratio", "failure_date")
NEXT_STEP = (
    "the generator must not write what only it can know: find where this column is filled, take the truth "
    "out and run the month again; nothing that was learnt from these rows may be used"
)


def truth_apart(
    raw: pl.DataFrame, truth: pl.DataFrame | None, what: str, leaks: Sequence[str] = ()
) -> Verdict:
    """Whether any column of `raw` follows any column of `truth` across jars; None: there is no truth.

    leaks: places where the truth may stand beside its schema, in words; each is a finding.

    raw: battery_id and one column per raw quantity, one row per jar: a single reading each, no mean (means of
    a month converge to the truth honestly). truth: battery_id, and what is true: numbers, dates (as days) and
    words. Numbers are compared by value and, among many jars, by order, so that a scaled, shifted or inverted
    copy is found as well; words with numbers that have as few values.
    """
    outside = [_leak(what, words) for words in leaks]
    if truth is None or truth.is_empty():
        return Verdict(f"not judged: nobody knows the truth of this site's {what}", NEXT_STEP, outside)
    truth = truth.select("battery_id", *(name for name in TRUTHS if name in truth.columns)).with_columns(
        pl.col("battery_id").cast(pl.String)
    )
    joined = raw.join(truth, on="battery_id", suffix="_truth", maintain_order="left")
    leaked = [name for name in raw.columns if name != "battery_id"]
    findings, closest, pairs = [], 0.0, 0
    for name, secret in itertools.product(leaked, [name for name in truth.columns if name != "battery_id"]):
        other = f"{secret}_truth" if secret in raw.columns else secret
        both = joined.select(a=pl.col(name).cast(pl.Float64).fill_nan(None), b=pl.col(other)).drop_nulls()
        alike = _same_kinds(both) if both.schema["b"] == pl.String else _likeness(both)
        if alike is None:
            continue
        pairs, closest = pairs + 1, max(closest, alike)
        if alike > LARGEST:
            findings.append(_finding(what, name, secret, alike, both.height))
    words = (
        f"no column of {what} follows the truth: the closest of {pairs} pairs correlates by {closest:.4f}"
        if pairs
        else f"not judged: fewer than {FEWEST_JARS} jars with a reading in {what} and a truth that differs"
    )
    return Verdict(words, NEXT_STEP, [*outside, *findings], {"pairs": float(pairs), "closest": closest})


def _likeness(both: pl.DataFrame) -> float | None:
    """The larger |correlation| of usual values and of ranks; None where there is too little to tell."""
    numeric = both.with_columns(pl.col("b").cast(pl.Int32) if both.schema["b"] == pl.Date else pl.col("b"))
    one, other = (numbers(numeric, name).astype(float) for name in ("a", "b"))
    if min(np.unique(one).size, np.unique(other).size) < FEWEST_JARS:
        return None
    usual = np.abs(other - np.median(other)).argsort()[: round(one.size * (1.0 - FARTHEST_SHARE))]
    alike = _correlation(one[usual], other[usual])
    if one.size < RANKED_JARS:
        return alike
    return max(alike, _correlation(one.argsort().argsort(), other.argsort().argsort()))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """|r| of two samples; 0 where one of them is constant."""
    if not one.std() or not other.std():
        return 0.0
    return abs(float(np.corrcoef(one, other)[0, 1]))


def _same_kinds(both: pl.DataFrame) -> float | None:
    """1 where each value stands for one word and each word for one value, 0 otherwise."""
    kinds, values = both["b"].n_unique(), both["a"].n_unique()
    if both.height < FEWEST_JARS or kinds < 2 or values > MOST_KINDS:
        return None
    return float(both.unique(["a", "b"]).height == kinds == values)


def _leak(what: str, words: str) -> Finding:
    return Finding(what, "now", "the truth in its own schema alone", words, 1.0, 0.0, "1")


def _finding(what: str, name: str, secret: str, alike: float, jars: int) -> Finding:
    return Finding(
        where=f"{what}.{name}",
        when="in the month",
        expected="a measurement, which scatters",
        found=f"the truth's {secret} (correlation {alike:.6f} across {jars} jars)",
        measured=alike,
        limit=LARGEST,
        unit="1",
    )
