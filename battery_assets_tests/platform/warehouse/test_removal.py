"""A site that is removed is gone from both stores, others are as they were, and its books stay."""

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.removal import holdings, remove_site
from battery_assets_tests.worlds.stores import kept, of, rows
from battery_assets_tests.worlds.writers import content, replace

TABLE = t.telemetry_jar_raw
PARTS = [Part(site, month) for site in ("alpha", "beta") for month in ("2025-03", "2025-04")]


@pytest.fixture
def two_sites(warehouse):
    """Two sites with rows in the lake, in master tables, and in tables that refer to each other."""
    for part in PARTS:
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(part.site), "files", {"timezone": "UTC"})
        replace(warehouse, TABLE, 5, part)
        name = f"{part.site}-{part.month}"
        kept(warehouse, t.location, rows(t.location, {"name": name}), part)
        jar = {"name": name, "replacement_of": None}
        kept(warehouse, t.battery, rows(t.battery, jar), part)
        kept(warehouse, t.incident, rows(t.incident, {"name": name}), part)
        alert = {"name": name, "incident_id": of(t.incident, name), "battery_id": of(t.battery, name)}
        kept(warehouse, t.alert, rows(t.alert, alert), part)
    return warehouse


def rows_of(warehouse, site: str) -> dict[str, int]:
    """How many rows each PostgreSQL table and each book has of a site."""
    tables = [table for table in t.TABLES if table.info["store"] != "lake" and "site" in table.c]
    books = [
        table for table in r.METADATA.tables.values() if "site" in table.c and table is not r.removed_site
    ]
    with warehouse.transaction() as connection:
        counts = {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table).where(table.c.site == site)
            ).scalar_one()
            for table in [*tables, *books]
        }
    return {name: count for name, count in counts.items() if count}


def test_one_goes_with_all_it_had_and_the_other_is_as_it_was(two_sites):
    before, march = rows_of(two_sites, "beta"), Part("beta", "2025-03")
    remove_site(two_sites, "alpha", t.TABLES, "/landing/.removed/alpha-1")
    assert rows_of(two_sites, "alpha") == {}
    assert rows_of(two_sites, "beta") == before
    assert two_sites.read(TABLE).collect().height == 2 * content(TABLE, 5).height
    assert two_sites.read(TABLE, march).collect().height == content(TABLE, 5).height
    assert two_sites.files(TABLE, Part("alpha")) == []


def test_its_books_stay(two_sites):
    with two_sites.transaction() as connection:
        shown = {one.table: (one.months, one.rows) for one in holdings(connection, "alpha")}
    assert shown[TABLE.name] == (2, 2 * content(TABLE, 5).height)
    assert shown["alert"] == (2, 2)
    remove_site(two_sites, "alpha", t.TABLES, "/landing/.removed/alpha-1")
    with two_sites.transaction() as connection:
        [kept_of_it] = connection.execute(sa.select(r.removed_site)).all()
    assert (kept_of_it.site, kept_of_it.source, kept_of_it.config) == ("alpha", "files", {"timezone": "UTC"})
    assert kept_of_it.landing == "/landing/.removed/alpha-1"
    assert {one["table_name"] for one in kept_of_it.tables} >= {TABLE.name, "alert", "battery"}
    assert all(len(one["sha256"]) == 64 for one in kept_of_it.tables if one["table_name"] == TABLE.name)


def test_a_site_of_the_same_name_begins_anew(two_sites):
    remove_site(two_sites, "alpha", t.TABLES, None)
    replace(two_sites, TABLE, 7, PARTS[0])
    kept(two_sites, t.location, rows(t.location, {"name": "alpha-2025-03"}), PARTS[0])
    assert two_sites.read(TABLE, PARTS[0]).collect().height == content(TABLE, 7).height
    assert two_sites.read(TABLE, PARTS[1]).collect().is_empty()


def test_a_run_of_it_that_wakes_up_late_brings_nothing_back(two_sites):
    late = two_sites.claim(TABLE, PARTS[0])
    remove_site(two_sites, "alpha", t.TABLES, None)
    with pytest.raises(RuntimeError, match=r"2025-03\|alpha: nobody claimed"):
        two_sites.replace(TABLE, late, content(TABLE, 9))
    assert two_sites.read(TABLE, Part("alpha")).collect().is_empty()


def test_a_removal_that_was_cut_off_is_finished_by_the_next(two_sites, monkeypatch):
    """It dies after the lake's commit of the first table, and PostgreSQL undoes its part."""
    commit = Lake.commit

    def cut_off(lake, table, part, *given) -> None:
        commit(lake, table, part, *given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "commit", cut_off)
        with pytest.raises(KeyboardInterrupt):
            remove_site(two_sites, "alpha", t.TABLES, None)
    assert rows_of(two_sites, "alpha")["alert"] == 2
    assert two_sites.read(TABLE).collect().height >= 2 * content(TABLE, 5).height, "others are read on"
    remove_site(two_sites, "alpha", t.TABLES, None)
    assert rows_of(two_sites, "alpha") == {}
    assert two_sites.read(TABLE).collect().height == 2 * content(TABLE, 5).height


def test_a_site_that_nobody_knows_cannot_be_removed(two_sites):
    with pytest.raises(LookupError, match="gamma"):
        remove_site(two_sites, "gamma", t.TABLES, None)


def test_a_model_that_another_site_s_jars_are_of_stays(warehouse):
    limits = {"chemistry": "VRLA", "nominal_voltage_v": 12.0, "capacity_ah": 120.0, "float_voltage_min_v": 13.5,
              "float_voltage_max_v": 13.8}  # fmt: skip
    kept(
        warehouse,
        t.battery_model,
        rows(t.battery_model, {"name": "ours", **limits}, {"name": "used", **limits}),
    )
    jar = {"name": "jar", "model_id": of(t.battery_model, "used")}
    kept(warehouse, t.battery, rows(t.battery, jar), PARTS[2])
    with warehouse.transaction() as connection:
        registry.put_site(connection, "alpha", "files", {})
    remove_site(warehouse, "alpha", t.TABLES, None)
    assert warehouse.read(t.battery_model).collect()["model_name"].to_list() == ["used"]
