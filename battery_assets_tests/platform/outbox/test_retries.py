"""Ten tries over three days; five days of only failures, and a day's warning before the end."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from battery_assets.platform.outbox.retries import TRIES, WAITS, Record, next_wait, standing

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_ten_tries_over_three_days():
    assert TRIES == 10
    assert timedelta(hours=75) < sum(WAITS, timedelta()) < timedelta(hours=76)
    assert next_wait(TRIES, None, random.Random(1)) is None


@pytest.mark.parametrize("failures", range(1, TRIES))
def test_waits_grow_and_are_spread(failures):
    draws = [next_wait(failures, None, random.Random(seed)) for seed in range(200)]
    wait = WAITS[failures - 1]
    assert all(0.8 * wait <= draw <= 1.2 * wait for draw in draws)
    assert max(draws) - min(draws) > 0.3 * wait


def test_the_receiver_may_ask_for_more_time_not_for_less():
    draw = random.Random(3)
    assert next_wait(1, timedelta(hours=2), draw) == timedelta(hours=2)
    assert next_wait(5, timedelta(seconds=1), draw) > timedelta(hours=3)


@pytest.mark.parametrize(
    ("days", "warned", "expected"),
    [
        (0.1, None, "well"),
        (3.9, None, "well"),
        (4.0, None, "failing"),
        (4.5, 4.0, "failing"),
        (4.99, 4.0, "failing"),
        (5.0, 4.0, "disabled"),
        # Used once a week: nobody warned its owner yet, so that it has its day.
        (7.0, None, "failing"),
        (7.5, 7.0, "failing"),
        (8.0, 7.0, "disabled"),
    ],
)
def test_a_webhook_is_warned_a_day_before_it_is_disabled(days, warned, expected):
    warned_at = None if warned is None else START + warned * DAY
    assert standing(Record(START, START + days * DAY, warned_at)) == expected


def test_without_failures_all_is_well():
    assert standing(None) == "well"
