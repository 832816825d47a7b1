"""The table of `python -m benchmarks.anomalies`: what is found of what the rules missed, at one rate of false alarms."""

import numpy as np
import polars as pl

from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.incidents.fault_months import small_site, true_ends
from benchmarks.anomalies import DETECTORS, _around, _fates, table

SOUND, FAULTY = 2_000, 10


def rows(**marks: float) -> pl.DataFrame:
    """Sound jar-months with scores of 0 to 1, and two months of each of ten faults with the marks given.

    Half of the faults had a word of a rule.
    """
    usual = np.linspace(0.0, 1.0, SOUND)
    sound = pl.DataFrame(
        {"battery_id": [f"s{n}" for n in range(SOUND)], "cause": None, "sound": True, "said": False}
    )
    jars = [f"f{n}" for n in range(FAULTY) for _ in range(2)]
    said = [n < FAULTY for n in range(2 * FAULTY)]
    faulty = pl.DataFrame({"battery_id": jars, "cause": "sulfation", "sound": False, "said": said})
    parts = [
        sound.with_columns(pl.col("cause").cast(pl.String), *(pl.Series(name, usual) for name in DETECTORS)),
        faulty.with_columns(pl.lit(marks[name]).alias(name) for name in DETECTORS),
    ]
    return pl.concat(parts).with_columns((pl.col(name) > 0.98).alias(f"{name}_beyond") for name in DETECTORS)


def test_only_what_no_rule_named_counts_as_missed_and_ten_in_a_thousand_as_false() -> None:
    told = table(rows(forest=1.0, days=0.5, distance=0.991)).splitlines()
    assert "Faults: 10. Without a word of any rule: 5 (5 sulfation)." in told[0]
    shown = {line.split(" | ")[0].strip("| "): line for line in told[4:]}
    # Two months at 1 % each: five faults are named 0.1 times by chance.
    assert "| 5 of 5 | 0.1 | 0.000 | 10 of 10 | 20 |" in shown[DETECTORS["forest"]]
    assert "| 0 of 5 | 0.1 | 1.000 | 0 of 10 | 20 |" in shown[DETECTORS["days"]]
    assert "| 5 of 5 |" in shown[DETECTORS["distance"]]


def test_a_jar_that_ends_within_half_a_year_is_a_fault_and_no_sound_one() -> None:
    site = small_site(100, world=WORLDS["mix_60_30_10"])
    ends = true_ends(site, ["2025-04", "2025-05", "2025-06"])
    fates = _fates(site, "2025-04")
    own = fates.filter(pl.col("battery_id").is_in(list(ends)))
    assert own.height == len(ends) > 0
    assert own["cause"].null_count() == 0
    assert not own["sound"].any()
    assert fates["sound"].sum() > 0.5 * fates.height
    assert _around("2025-12") == ["2024-12", "2026-01"]
    assert _around("2025-04") == ["2024-04", "2025-05"]
