"""What the log of requests comes to, against the raw times."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.requests import parts, rows, summary
from battery_assets.platform.requests.rows import Answered
from battery_assets.platform.warehouse.database import transaction

DAY = datetime(2026, 3, 2, tzinfo=UTC)
REQUESTS = 40_000


@pytest.fixture
def times(warehouse_url) -> np.ndarray:
    """A day of requests: quick ones all day long, slow ones in a busy hour. Returns their times in ms."""
    chance = np.random.default_rng(7)
    at = np.sort(chance.uniform(0, 86_400, REQUESTS))
    busy = (at > 36_000) & (at < 39_600)
    ms = chance.lognormal(np.where(busy, 3.0, 1.2), 0.6)
    batch = [
        Answered("/api/v1/jars" if k % 3 else "-", "GET", 404 if k % 3 == 0 else 200, DAY + timedelta(seconds=float(s)),
                 float(took), None, 100, "192.0.2.1", "x", None, None, None, f"request-{k}")
        for k, (s, took) in enumerate(zip(at, ms, strict=True))
    ]  # fmt: skip
    with transaction(warehouse_url) as connection:
        parts.make_ahead(connection, DAY.date())
        rows.write(connection, batch)
    return ms


def summaries(url: str, kind: str) -> list[sa.RowMapping]:
    s = t.api_metrics_summary
    with transaction(url) as connection:
        query = sa.select(s).where(s.c.aggregation_type == kind).order_by(s.c.period_start)
        return list(connection.execute(query).mappings())


def test_percentiles_of_a_day_are_within_2_percent_of_the_raw_ones(warehouse_url, times):
    with transaction(warehouse_url) as connection:
        summary.summarise(connection, DAY, DAY + timedelta(days=1))
    [day] = summaries(warehouse_url, "day")
    hours = summaries(warehouse_url, "hour")
    for share in (50, 95, 99):
        raw = float(np.percentile(times, share))
        assert day[f"p{share}_response_time_ms"] == pytest.approx(raw, rel=0.02)
    of_hours = float(np.mean([row["p99_response_time_ms"] for row in hours]))
    raw = float(np.percentile(times, 99))
    assert abs(of_hours / raw - 1) > 0.3, (
        "a mean of hours is another figure: the test would not see the error"
    )
    assert day["total_requests"] == REQUESTS == sum(row["total_requests"] for row in hours)
    assert day["avg_response_time_ms"] == pytest.approx(times.mean())
    assert day["error_rate"] == pytest.approx(1 / 3, abs=1e-3)
    assert set(day["endpoint_metrics"]) == {"/api/v1/jars", "-"}
    assert len(hours) == 24
    assert day["period_end"] - day["period_start"] == timedelta(days=1)


def test_what_is_summed_up_again_or_came_late_counts_once(warehouse_url, times):
    half, whole = DAY + timedelta(hours=12, minutes=30), DAY + timedelta(days=1)
    with transaction(warehouse_url) as connection:
        summary.summarise(connection, DAY, half)
        assert summary.summed_up_to(connection) == half
        late = Answered("/late", "GET", 200, DAY + timedelta(hours=3), 5.0, *[None] * 8)
        rows.write(connection, [late])
        summary.summarise(connection, late.request_time, half)
        summary.summarise(connection, half, whole)
    [day] = summaries(warehouse_url, "day")
    assert day["total_requests"] == REQUESTS + 1
    assert day["endpoint_metrics"]["/late"]["requests"] == 1


def test_figures_of_minutes_are_forgotten_and_those_of_days_stay(warehouse_url, times):
    with transaction(warehouse_url) as connection:
        summary.summarise(connection, DAY, DAY + timedelta(days=1))
        summary.forget(connection, DAY + timedelta(days=10))
    assert not summaries(warehouse_url, "minute")
    assert len(summaries(warehouse_url, "hour")) == 24
    assert len(summaries(warehouse_url, "day")) == 1


def test_a_part_for_each_day_made_ahead_and_dropped_whole(warehouse_url, times):
    with transaction(warehouse_url) as connection:
        assert parts.days(connection) == [date(2026, 3, 2 + k) for k in range(8)]
        parts.make_ahead(connection, date(2026, 3, 3))
        assert parts.days(connection)[-1] == date(2026, 3, 10)
        assert parts.drop(connection, date(2026, 3, 3)) == 1
        log = sa.select(sa.func.count()).select_from(t.api_request_logs)
        assert connection.execute(log).scalar_one() == 0
        assert parts.days(connection)[0] == date(2026, 3, 3)
