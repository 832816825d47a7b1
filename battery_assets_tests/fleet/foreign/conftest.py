"""A platform that takes in exports, and what it says of them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets_tests.worlds.homes import fresh_home


@pytest.fixture(scope="module")
def platform():
    """A platform of the module's own: embedded database, lake, Dagster's storage."""
    from battery_assets.actions.session import quiet_logs, session

    before = dict(os.environ)
    quiet_logs()
    with fresh_home() as settings, session(settings) as at:
        yield at
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def no_bar(_total: int) -> Iterator:
    yield lambda *_: None


@pytest.fixture(scope="module")
def take_in(platform):
    """Take in an export as a site, and look at what became of it."""
    from battery_assets.actions.import_export import import_site

    def take(folder: Path, site: str, **terms: object) -> SimpleNamespace:
        months = import_site(platform, folder, site, {"timezone": "UTC", **terms}, no_bar)
        return SimpleNamespace(months=months, **seen_of(platform, site))

    return take


def seen_of(at, site: str) -> dict[str, pl.DataFrame]:
    """Alerts, twins, lives, work orders, quarantine and findings of a site."""
    tables = {
        "alerts": "SELECT alert_type, severity, battery_id::text, string_id::text, message, context_json"
        "->>'signal' AS signal FROM fleet.alert",
        "twins": "SELECT battery_id::text, soc_pct, soh_pct, r0_mohm, fault, month FROM fleet.digital_twin_state",
        "lives": "SELECT battery_id::text, rul_days, failure_probability_30d, failure_probability_90d, month FROM fleet.rul_prediction",
        "features": "SELECT battery_id::text, feature_window_hours, feature_ts, month FROM fleet.feature_store",
        "orders": "SELECT title, priority::text FROM fleet.work_order",
        "runtimes": "SELECT load_basis, runtime_min, limited_by, note FROM fleet.string_runtime",
        "tests": "SELECT capacity_pct_of_rated, pass_fail::text FROM fleet.capacity_test_calc",
        "ohmic": "SELECT temp_corrected_resistance_mohm FROM fleet.impedance_measurement_calc",
        "quarantine": "SELECT table_name, reason, file FROM platform.quarantined_row",
        "accounts": "SELECT table_name, rows_read, rows_loaded, rows_quarantined, rows_exact_duplicate "
        "FROM platform.ingest_file",
        "findings": "SELECT table_name, jsonb_array_elements_text(findings) AS words FROM platform.ingest_file",
    }
    found = {}
    with at.warehouse.transaction() as connection:
        for name, query in tables.items():
            result = connection.execute(sa.text(f"{query} WHERE site = :site"), {"site": site})
            rows = [tuple(row) for row in result]
            found[name] = pl.DataFrame(
                rows, schema=list(result.keys()), orient="row", infer_schema_length=None
            )
    return found


def objections(seen: SimpleNamespace, severity: str) -> list[str]:
    """What is objected to in a site's data, of one severity."""
    return seen.alerts.filter(alert_type="data_quality", severity=severity)["message"].to_list()
