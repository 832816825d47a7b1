"""What a table says about its asset, and what a materialization shows."""

import base64
import copy

import dagster as dg
import pytest

from battery_assets import tables as t
from battery_assets.platform.dagster import assets
from battery_assets.platform.dagster.assets import declared_reads, materializes
from battery_assets.platform.dagster.metadata import definition_metadata, picture, replaced_metadata
from battery_assets.platform.warehouse.profile import profile_of
from battery_assets_tests.worlds.random_rows import World


@pytest.fixture(autouse=True)
def later_readers_of_the_product_alone(monkeypatch):
    """What the made assets here say of earlier months is forgotten: the book of it is the process's."""
    monkeypatch.setattr(assets, "_LATER", copy.deepcopy(assets._LATER))


def test_what_is_read_and_what_is_merely_followed_are_told_apart():
    @dg.asset(
        **materializes(
            t.alert, reads=[t.battery], history=[t.feature_store], history_months=3, after=[t.user]
        )
    )
    def alert() -> None: ...

    assert declared_reads(alert) == {"battery", "feature_store"}
    assert {key.path[-1] for key in alert.dependency_keys} == {"battery", "feature_store", "user"}


def test_the_reads_may_be_given_as_anything_that_is_walked_once():
    given = materializes(t.alert, reads=(table for table in [t.battery]), history=iter([t.feature_store]))
    assert given["metadata"]["reads"] == ["battery"]
    assert [dep.asset_key.path[-1] for dep in given["deps"]] == ["battery", "feature_store"]


def test_history_makes_no_later_month_part_of_a_backfill():
    given = materializes(t.alert, history=[t.feature_store], history_months=12)
    [dep] = given["deps"]
    assert dep.partition_mapping is None
    assert given["metadata"]["reads_earlier_months"] == ["feature_store"]
    assert given["metadata"]["earlier_months"] == 12


def test_what_is_read_of_earlier_months_alone_is_no_edge_and_may_be_the_table_itself():
    @dg.asset(**materializes(t.alert, reads=[t.battery], earlier=[t.alert, t.work_order]))
    def alert() -> None: ...

    assert declared_reads(alert) == {"battery", "alert", "work_order"}
    assert {key.path[-1] for key in alert.dependency_keys} == {"battery"}


def test_the_definition_shows_columns_units_and_home():
    shown = definition_metadata(t.telemetry_jar_raw)
    columns = {column.name: column for column in shown["dagster/column_schema"].columns}
    assert columns["voltage_v"].description.endswith("[V]")
    assert not columns["ts"].constraints.nullable
    assert {"site", "month"}.isdisjoint(columns)
    assert (shown["store"], shown["dagster/table_name"]) == ("lake", "fleet.telemetry_jar_raw")


def test_a_materialization_shows_rows_checksum_and_time_span():
    rows = World(3).rows(t.alert, 20)
    shown = replaced_metadata(t.alert, profile_of(rows, t.alert), "ab" * 32, 1.23456)
    assert shown["dagster/partition_row_count"] == 20
    assert shown["sha256"] == "ab" * 32
    assert shown["seconds"] == 1.235
    assert shown["from"] == rows["triggered_at"].min().isoformat()
    assert shown["to"] == rows["triggered_at"].max().isoformat()
    assert "from" not in replaced_metadata(t.alert, {"rows": 0, "columns": {}}, "", 0.0)
    assert replaced_metadata(t.alert, {"rows": 0, "columns": {}, "gaps": 3}, "", 0.0)["gaps"] == 3


def test_a_picture_is_shown_as_it_is():
    words = picture(b"\x89PNG").value
    assert base64.b64decode(words.split("base64,")[1].rstrip(")")) == b"\x89PNG"
