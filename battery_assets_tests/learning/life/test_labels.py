"""What was known of an end, jar by jar, and what a model learns from it."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets.learning.life.labels import REASONS, ends_known, labelled
from battery_assets_tests.learning.conftest import Fleet
from battery_assets_tests.worlds.estimation.ageing import month_ends
from battery_assets_tests.worlds.estimation.life_fleet import EVENTS, INSTANT, TESTS, life_fleet

CUTOFF = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = [datetime(2025, month, 1, tzinfo=UTC) for month in range(2, 13)] + [CUTOFF]
TEST = datetime(2025, 9, 15, tzinfo=UTC)
LEFT = date(2025, 10, 20)


def _end(
    filed: str | None = None, status: str = "replaced", lower: float = 90.0, upper: float = 99.0,
    fault: str | None = None, evidence: str = "age", last: datetime = CUTOFF, tests: tuple = (TEST,),
    dated: bool = True,
) -> dict:  # fmt: skip
    """The end of one jar whose twin told the same of it each month, until it left on LEFT or fell silent."""
    left = status != "active"
    until = min(last, datetime(2025, 10, 1, tzinfo=UTC)) if left else last
    states = [at for at in MONTHS if at <= until]
    twins = pl.DataFrame(
        {"battery_id": "jar", "captured_at": states}, schema_overrides={"captured_at": INSTANT}
    )
    twins = twins.with_columns(
        soh_lower_pct=pl.lit(lower), soh_upper_pct=pl.lit(upper), evidence=pl.lit(evidence),
        fault=pl.when(pl.col("captured_at") >= TEST).then(pl.lit(fault, pl.String)),
    )  # fmt: skip
    batteries = pl.DataFrame(
        {"battery_id": ["jar"], "string_id": ["string"], "status": [status],
         "replaced_date": [LEFT if left and dated else None]},
        schema_overrides={"replaced_date": pl.Date},
    )  # fmt: skip
    visit = [["jar", "replacement", filed, "completed", datetime(2025, 10, 20, 10, tzinfo=UTC)]]
    events = pl.DataFrame(visit if filed else [], schema=EVENTS, orient="row")
    held = pl.DataFrame([["string", at] for at in tests], schema=TESTS, orient="row")
    [found] = ends_known(batteries, twins, events, held, CUTOFF).to_dicts()
    return found


def test_a_jar_that_a_test_found_ended_between_the_test_before_and_this_one() -> None:
    before = datetime(2024, 12, 1, tzinfo=UTC)
    found = _end("low_capacity", tests=(before, TEST))
    assert (found["reason"], found["good_at"], found["bad_at"]) == ("capacity_test", before, TEST)


def test_what_a_test_found_may_have_ended_at_any_time_of_the_year_before() -> None:
    assert _end("low_capacity")["good_at"] == TEST - timedelta(days=365)


def test_a_jar_that_failed_under_load_proves_that_its_twin_was_wrong() -> None:
    found = _end("failed_under_load", lower=95.0, tests=())
    assert found["bad_at"] == datetime(2025, 10, 21, tzinfo=UTC)
    assert found["good_at"] == found["bad_at"] - timedelta(days=365)


@pytest.mark.parametrize("filed", ["high_resistance", "string_renewal"])
def test_a_reading_or_a_renewal_proves_no_end(filed: str) -> None:
    found = _end(filed)
    assert (found["reason"], found["bad_at"]) == (filed, None)
    assert found["good_at"] == datetime(2025, 10, 1, tzinfo=UTC)
    doubted = datetime(2025, 10, 21, tzinfo=UTC) if filed == "high_resistance" else None
    assert found["doubt_at"] == doubted


def test_a_jar_that_was_retired_sound_with_its_string_did_not_end() -> None:
    assert (_end(status="retired")["reason"], _end(status="retired")["bad_at"]) == ("retired", None)


def test_a_jar_replaced_by_itself_without_a_word_counts_as_ended() -> None:
    assert (_end()["reason"], _end()["bad_at"]) == ("replaced", datetime(2025, 10, 21, tzinfo=UTC))


def test_a_jar_withdrawn_without_a_date_is_followed_to_its_last_state() -> None:
    found = _end(dated=False, tests=())
    assert (found["reason"], found["bad_at"]) == ("withdrawn", None)
    assert found["good_at"] == found["seen_at"]


@pytest.mark.parametrize("fault", ["shorted_cell", "broken_connection"])
def test_a_fault_ends_a_jar_between_two_states(fault: str) -> None:
    found = _end("high_resistance", fault=fault)
    october = datetime(2025, 10, 1, tzinfo=UTC)
    assert (found["reason"], found["bad_at"]) == (fault, october)
    assert found["good_at"] == datetime(2025, 9, 1, tzinfo=UTC)


def test_a_weak_jar_in_service_was_last_good_when_its_string_passed_a_test() -> None:
    found = _end(status="active", lower=70.0)
    assert (found["reason"], found["bad_at"], found["good_at"]) == ("in_service", None, TEST)


def test_health_proves_an_end_only_where_it_was_measured() -> None:
    assert _end(status="active", lower=60.0, upper=75.0)["bad_at"] is None
    measured = _end(status="active", lower=60.0, upper=75.0, evidence="age+discharge", tests=())
    assert (measured["reason"], measured["bad_at"]) == ("health", MONTHS[0])


def test_a_silent_site_is_followed_to_its_last_telemetry() -> None:
    june = datetime(2025, 6, 1, tzinfo=UTC)
    found = _end(status="active", last=june, tests=())
    assert (found["reason"], found["good_at"], found["bad_at"]) == ("silent", june, None)


def test_a_naive_cut_off_is_refused() -> None:
    nothing = pl.DataFrame()
    with pytest.raises(ValueError, match="time zone"):
        ends_known(nothing, nothing, nothing, nothing, CUTOFF.replace(tzinfo=None))


def test_what_happens_after_the_cut_off_changes_no_label(known: Fleet) -> None:
    cutoff = month_ends(8)[-1]
    labels = labelled(known.snaps, known.world.batteries, known.world.ends(cutoff), cutoff)
    future = pl.col("replaced_date") >= cutoff.date()
    forgotten = known.world.batteries.with_columns(
        status=pl.when(future).then(pl.lit("active")).otherwise("status"),
        replaced_date=pl.when(future).then(None).otherwise("replaced_date"),
    )
    world = type(known.world)(
        known.world.features.filter(pl.col("feature_ts") <= cutoff),
        known.world.twins.filter(pl.col("captured_at") <= cutoff),
        forgotten,
        cutoff,
    )
    past = known.snaps.filter(pl.col("snapshot_at") <= cutoff)
    assert labels.equals(labelled(past, forgotten, world.ends(), cutoff))
    assert labels["upper_days"].is_not_null().any()


def test_a_jar_is_one_life_and_has_no_snapshot_after_its_end(known: Fleet) -> None:
    ended = known.examples.filter(pl.col("upper_days").is_not_null())
    assert ended["battery_id"].n_unique() >= 15
    assert (ended["lower_days"] < ended["upper_days"]).all()
    assert (ended["upper_days"] > 0.5).all()
    assert set(known.examples["reason"]) <= set(REASONS)


def test_the_labels_of_a_fleet_hold_against_its_truth() -> None:
    """Ends that people proved have come for sure; of those that a reading alone told many have not."""
    fleet = life_fleet(31, 4, 6, 13)
    cutoff = datetime(2025, 1, 1, tzinfo=UTC)
    ends = ends_known(fleet.batteries, fleet.twins, fleet.events, fleet.tests, cutoff)
    joined = ends.join(fleet.truth, on="battery_id").with_columns(end=pl.col("failure_date").cast(INSTANT))
    proven = joined.filter(pl.col("bad_at").is_not_null())
    inside = (proven["good_at"] <= proven["end"]) & (proven["end"] <= proven["bad_at"])
    assert proven.height >= 8
    assert inside.mean() > 0.7
    good = joined.filter(pl.col("bad_at").is_null())
    assert (good["end"].is_null() | (good["end"] >= good["good_at"])).mean() > 0.97
    read = joined.filter(reason="high_resistance")
    assert (read["end"] <= read["seen_at"]).fill_null(False).mean() < 0.9
