"""Parents and children: the newest master data stay, and no row points at nothing."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets_tests.worlds.stores import kept, of, rows

MARCH, APRIL = Part("alpha", "2025-03"), Part("alpha", "2025-04")


def names(warehouse, table, column: str, part: Part = MARCH) -> set[str]:
    return set(warehouse.read(table, part).collect()[column])


def state(warehouse, table: sa.Table, part: Part) -> str | None:
    with warehouse.transaction() as connection:
        return registry.committed(connection, table, part).state


def test_an_older_month_never_takes_a_newer_month_s_row_back(warehouse):
    kept(warehouse, t.location, rows(t.location, {"name": "a", "city": "April"}), APRIL)
    kept(warehouse, t.location, rows(t.location, {"name": "a", "city": "March"}, {"name": "old"}), MARCH)
    read = warehouse.read(t.location, MARCH).collect()
    assert dict(read.select("location_code", "city").iter_rows()) == {"a": "April", "old": "Bangkok"}
    kept(warehouse, t.location, rows(t.location, {"name": "a", "city": "April again"}), APRIL)
    assert names(warehouse, t.location, "city") == {"April again", "Bangkok"}


def test_a_newer_month_replaces_an_older_month_s_row(warehouse):
    kept(warehouse, t.location, rows(t.location, {"name": "a", "city": "March"}), MARCH)
    kept(warehouse, t.location, rows(t.location, {"name": "a", "city": "April"}), APRIL)
    assert names(warehouse, t.location, "city") == {"April"}


def test_what_a_month_names_no_longer_goes_unless_something_points_at_it(warehouse):
    kept(warehouse, t.location, rows(t.location, {"name": "a"}, {"name": "b"}, {"name": "c"}))
    kept(
        warehouse, t.battery_system, rows(t.battery_system, {"name": "s", "location_id": of(t.location, "b")})
    )
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    assert names(warehouse, t.location, "location_code") == {"a", "b"}
    kept(warehouse, t.battery_system, rows(t.battery_system))
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    assert names(warehouse, t.location, "location_code") == {"a"}


def test_a_chain_of_replaced_jars_goes_at_once(warehouse):
    one, two = ({"name": name} for name in ("one", "two"))
    three = {"name": "three", "replacement_of": of(t.battery, "two")}
    kept(warehouse, t.battery, rows(t.battery, one, {**two, "replacement_of": of(t.battery, "one")}, three))
    assert len(names(warehouse, t.battery, "battery_code")) == 3
    kept(warehouse, t.battery, rows(t.battery, {"name": "four"}))
    assert names(warehouse, t.battery, "battery_code") == {"four"}


def test_a_jar_and_its_successor_come_in_any_order(warehouse):
    """What is pointed at may stand below what points at it, and may stay when it is named no longer."""
    kept(
        warehouse,
        t.battery,
        rows(t.battery, {"name": "two", "replacement_of": of(t.battery, "one")}, {"name": "one"}),
    )
    kept(warehouse, t.battery, rows(t.battery, {"name": "two", "replacement_of": of(t.battery, "one")}))
    assert names(warehouse, t.battery, "battery_code") == {"one", "two"}


def test_another_site_s_row_is_not_taken_over(warehouse):
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    with pytest.raises(
        ValueError, match=r"location 2025-04\|beta: location_id .* belongs to site alpha already"
    ):
        kept(warehouse, t.location, rows(t.location, {"name": "a"}), Part("beta", "2025-04"))
    assert names(warehouse, t.location, "location_code") == {"a"}


def test_two_rows_of_a_site_with_one_code_are_refused_by_name(warehouse):
    twice = rows(t.location, {"name": "a"}, {"name": "b", "location_code": "a"})
    with pytest.raises(ValueError, match=r"location 2025-03\|alpha: .*location_code.*already exists"):
        kept(warehouse, t.location, twice)
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    kept(
        warehouse, t.location, rows(t.location, {"name": "b", "location_code": "a"}), Part("beta", "2025-03")
    )


def test_a_table_that_is_not_cut_holds_what_was_named_last(warehouse):
    kept(warehouse, t.battery_model, models("x", "y", "z"))
    kept(warehouse, t.battery, rows(t.battery, {"name": "jar", "model_id": of(t.battery_model, "y")}))
    kept(warehouse, t.battery_model, models("x"))
    assert names(warehouse, t.battery_model, "model_name", Part()) == {"x", "y"}


def models(*given: str) -> pl.DataFrame:
    limits = {"chemistry": "VRLA", "nominal_voltage_v": 12.0, "capacity_ah": 120.0, "float_voltage_min_v": 13.5,
              "float_voltage_max_v": 13.8}  # fmt: skip
    return rows(t.battery_model, *({"name": name, **limits} for name in given))


@pytest.fixture
def operated(warehouse):
    """Two months with an incident, its alert, its work order and a test with its result each."""
    for part in (MARCH, APRIL):
        m = part.month
        incidents = rows(t.incident, {"name": f"{m}-1"}, {"name": f"{m}-2"})
        alerts = rows(
            t.alert, *({"name": f"{m}-{n}", "incident_id": of(t.incident, f"{m}-{n}")} for n in (1, 2))
        )
        warehouse.claim(t.alert, part)
        claimed = warehouse.claim(t.incident, part, also=[t.alert])
        warehouse.replace(t.incident, claimed, incidents, also={t.alert: alerts})
        orders = rows(
            t.work_order, *({"name": f"{m}-{n}", "incident_id": of(t.incident, f"{m}-{n}")} for n in (1, 2))
        )
        kept(warehouse, t.work_order, orders.with_columns(external_id=None), part)
        kept(
            warehouse,
            t.capacity_test_raw,
            rows(t.capacity_test_raw, {"name": f"{m}-1"}, {"name": f"{m}-2"}),
            part,
        )
        results = [{"name": "", "test_id": of(t.capacity_test_raw, f"{m}-{n}")} for n in (1, 2)]
        kept(warehouse, t.capacity_test_calc, rows(t.capacity_test_calc, *results), part)
    return warehouse


def test_replacing_an_incident_leaves_what_pointed_at_it_whole_and_marks_that_partition(operated):
    """Until it is made again a reader sees the version that was committed, not a third one."""
    before = {child: operated.read(child, MARCH).collect() for child in (t.alert, t.work_order)}
    kept(operated, t.incident, rows(t.incident, {"name": "2025-03-2"}, {"name": "new"}))
    for child in (t.alert, t.work_order):
        assert operated.read(child, MARCH).collect().equals(before[child])
        assert operated.profile(child, MARCH)["rows"] == 2
        assert state(operated, child, MARCH) == "stale"
        assert state(operated, child, APRIL) == "current"
    assert state(operated, t.incident, MARCH) == "current"
    assert state(operated, t.capacity_test_calc, MARCH) == "current"


def test_replacing_a_test_leaves_its_result_and_marks_that_partition(operated):
    kept(operated, t.capacity_test_raw, rows(t.capacity_test_raw, {"name": "2025-03-2"}))
    assert operated.read(t.capacity_test_calc, MARCH).collect().height == 2
    assert operated.read(t.capacity_test_calc, APRIL).collect().height == 2
    assert [state(operated, t.capacity_test_calc, part) for part in (MARCH, APRIL)] == ["stale", "current"]
    kept(operated, t.capacity_test_calc, rows(t.capacity_test_calc))
    assert state(operated, t.capacity_test_calc, MARCH) == "current"


def test_replacing_with_the_same_rows_marks_nothing(operated):
    kept(operated, t.incident, rows(t.incident, {"name": "2025-03-1"}, {"name": "2025-03-2"}))
    for child in (t.alert, t.work_order):
        assert state(operated, child, MARCH) == "current"
        assert operated.read(child, MARCH).collect()["incident_id"].null_count() == 0


def test_a_model_that_goes_makes_the_predictions_of_every_site_stale(warehouse):
    march = Part(month="2025-03")
    kept(warehouse, t.ml_model, rows(t.ml_model, {"name": "m"}), march)
    kept(warehouse, t.battery, rows(t.battery, {"name": "jar"}))
    one = {"model_id": of(t.ml_model, "m"), "battery_id": of(t.battery, "jar")}
    for site in ("alpha", "beta"):
        kept(
            warehouse,
            t.rul_prediction,
            rows(t.rul_prediction, {"name": site, **one, "source": "ml_model"}),
            Part(site, "2025-05"),
        )
    kept(warehouse, t.ml_model, rows(t.ml_model), march)
    assert warehouse.read(t.rul_prediction).collect()["model_id"].to_list() == [one["model_id"]] * 2
    assert {state(warehouse, t.rul_prediction, Part(site, "2025-05")) for site in ("alpha", "beta")} == {
        "stale"
    }
    with warehouse.transaction() as connection:
        seen = connection.execute(sa.text("SELECT model_name, stale FROM fleet.prediction_history")).all()
    assert [tuple(row) for row in seen] == [(None, True)] * 2


def test_two_tables_are_replaced_together_or_not_at_all(operated):
    before = [operated.read(table, MARCH).collect() for table in (t.incident, t.alert)]
    claimed = operated.claim(t.incident, MARCH, also=[t.alert])
    broken = rows(t.alert, {"name": "x", "incident_id": of(t.incident, "nowhere")})
    with pytest.raises(
        ValueError, match=r"alert 2025-03\|alpha: incident_id .* is no row of incident; next step"
    ):
        operated.replace(t.incident, claimed, rows(t.incident, {"name": "y"}), also={t.alert: broken})
    after = [operated.read(table, MARCH).collect() for table in (t.incident, t.alert)]
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))
    operated.replace(t.incident, claimed, rows(t.incident, {"name": "y"}), also={t.alert: rows(t.alert)})
    assert names(operated, t.incident, "incident_code") == {"y"}
    assert operated.read(t.alert, MARCH).collect().is_empty()
    assert operated.profile(t.alert, MARCH)["rows"] == 0


def test_a_table_written_along_is_fenced_like_the_others(operated):
    """An incident run that read old alerts must not write them over those of a newer alert run."""
    late = operated.claim(t.incident, MARCH, also=[t.alert])
    kept(operated, t.alert, rows(t.alert, {"name": "newer"}))
    with pytest.raises(registry.SupersededError, match=r"alert 2025-03\|alpha"):
        operated.replace(t.incident, late, rows(t.incident), also={t.alert: rows(t.alert)})
    assert names(operated, t.alert, "alert_id") == {of(t.alert, "newer")}
    assert len(names(operated, t.incident, "incident_code")) == 2


def test_each_month_has_a_leaf_of_its_own(operated, warehouse_url):
    with operated.transaction() as connection:
        leaves = connection.execute(
            sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'fleet.rul_prediction'::regclass")
        ).scalars().all()  # fmt: skip
    assert leaves == []
    kept(operated, t.battery, rows(t.battery, {"name": "jar"}))
    one = {"battery_id": of(t.battery, "jar"), "source": "digital_twin"}
    for part in (MARCH, APRIL):
        kept(operated, t.rul_prediction, rows(t.rul_prediction, {"name": part.month, **one}), part)
        with operated.transaction() as connection:
            leaf = f"fleet.rul_prediction_{part.month.replace('-', '_')}"
            assert connection.execute(sa.text(f"SELECT count(*) FROM {leaf}")).scalar_one() == 1


def test_the_books_say_who_claimed_and_what_is_there(warehouse):
    kept(warehouse, t.location, rows(t.location, {"name": "a"}))
    first = warehouse.profile(t.location, MARCH)["sha256"]
    warehouse.claim(t.location, MARCH)
    with warehouse.transaction() as connection:
        row = connection.execute(
            sa.select(r.partition_version).where(r.partition_version.c.table_name == "location")
        ).one()
        assert (row.claimed, row.version, row.rows, row.sha256) == (2, 1, 1, first)
        assert [p.month for p in registry.committed_parts(connection, t.location, site="alpha")] == [
            "2025-03"
        ]
        assert registry.committed_parts(connection, t.location, before="2025-03") == []
        assert registry.committed_parts(connection, t.location, site="beta") == []
