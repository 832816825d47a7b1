"""`sql/` is generated: it must not be stale, and an installed database must be what the tables say."""

import re
from pathlib import Path

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.registry import tables as registry_tables
from battery_assets.platform.warehouse.database import transaction
from battery_assets.tables.definition import KEPT, METADATA
from battery_assets.tables.write_sql import statements

COMMENTED = ("modify_comment", "platform")
# A number of its own in a CHECK, not one within a name: feature_1 >= (0)::numeric
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")
SQL = Path(__file__).resolve().parent.parent / "sql"


def test_the_generated_files_are_fresh():
    for name, content in statements().items():
        assert (SQL / name).read_text(encoding="utf-8") == content, (
            f"sql/{name} is stale: run `python -m battery_assets.tables.write_sql` and add a migration"
        )


def test_every_table_is_in_one_statement():
    everything = "\n".join(statements().values())
    for table in t.TABLES:
        quoted = table.name in ("user",)
        name = f'{table.schema}."{table.name}"' if quoted else f"{table.schema}.{table.name}"
        assert everything.count(f"CREATE TABLE {name} (") == 1


def test_a_migrated_database_is_what_the_tables_say(warehouse_url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with transaction(warehouse_url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "compare_type": True,
                "include_name": lambda name, kind, parents: (
                    kind != "schema"
                    or name
                    in (
                        "fleet",
                        "operations",
                        "service",
                        "ml",
                        "lab",
                        "lab_training",
                        "experiments",
                        "truth",
                        "platform",
                    )
                ),
            },
        )
        leaves = {
            row.leaf
            for row in connection.execute(
                sa.text("SELECT c.relname AS leaf FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid")
            )
        }
        differences = compare_metadata(context, [METADATA, KEPT, registry_tables.METADATA])
        # Comments of lake tables say on top of it where the rows live; the platform's own are not kept up.
        found = [
            difference
            for difference in differences
            if not (isinstance(difference, list) and {one[:2] for one in difference} == {COMMENTED})
            and difference[0] != "add_table_comment"
            and not (difference[0] == "remove_table" and difference[1].name in leaves)
            and not (difference[0] == "remove_index" and difference[1].table.name in leaves)
        ]
    assert not found, f"the migrations and tables/ differ: {found[:5]}"


def test_a_migrated_database_has_the_limits_that_the_tables_say(warehouse_url):
    with transaction(warehouse_url) as connection:
        rows = connection.execute(
            sa.text(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conislocal"
            )
        ).all()
    found = {name: sorted(float(number) for number in NUMBER.findall(words)) for name, words in rows}
    for table in t.TABLES:
        for column in table.columns:
            low, high = column.info.get("low"), column.info.get("high")
            if low is not None and high is not None:
                numbers = found[f"ck_{table.name}_{column.name}"]
                assert numbers == [low, high], f"{table.name}.{column.name}: add a migration"


def test_information_schema_holds_every_table_and_column_of_the_reference(warehouse_url):
    with transaction(warehouse_url) as connection:
        rows = connection.execute(
            sa.text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'fleet'"
            )
        ).all()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    for name, columns in REFERENCE.items():
        assert name in found, f"fleet.{name} is missing"
        assert set(columns.split()) <= found[name], f"fleet.{name} lacks {set(columns.split()) - found[name]}"
    assert len(REFERENCE) == 26


def test_the_analyst_reads_and_does_nothing_else(migrated_url):
    import pytest
    from sqlalchemy.exc import ProgrammingError

    def as_analyst(statement: str) -> list:
        with transaction(migrated_url) as connection:
            connection.execute(sa.text("SET ROLE battery_analyst"))
            result = connection.execute(sa.text(statement))
            return result.all() if result.returns_rows else []

    for view in (
        "jar_health_now",
        "string_health_now",
        "string_runtime_now",
        "open_alerts",
        "open_alerts_by_site",
        "prediction_history",
        "next_best_visit",
    ):
        as_analyst(f"SELECT * FROM fleet.{view} LIMIT 1")
    for table in ("lab.cycle", "platform.intake", "platform.partition_day", "platform.ingest_file"):
        as_analyst(f"SELECT * FROM {table} LIMIT 1")
    as_analyst('SELECT name, role FROM service."user"')
    for forbidden in (
        "INSERT INTO fleet.alert (alert_id) VALUES (gen_random_uuid())",
        "DELETE FROM fleet.battery",
        "UPDATE platform.partition_version SET claimed = 0",
        "CREATE TABLE fleet.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        'SELECT email FROM service."user"',
        'SELECT * FROM fleet."user"',
        "SELECT * FROM truth.jar_truth",
        "SELECT count(*) FROM truth.jar_truth",
        "SELECT lo_create(0)",
        "SELECT pg_read_file('/etc/passwd')",
        "TRUNCATE fleet.alert",
        "SELECT * FROM platform.partition_version FOR UPDATE",
        "DROP VIEW fleet.open_alerts",
    ):
        with pytest.raises(ProgrammingError, match=r"denied|permission|must be"):
            as_analyst(forbidden)


def test_no_view_and_no_role_but_the_owner_sees_the_truth(warehouse_url):
    with transaction(warehouse_url) as connection:
        granted = connection.execute(
            sa.text(
                "SELECT grantee FROM information_schema.role_table_grants "
                "WHERE table_schema = 'truth' AND grantee <> (SELECT tableowner FROM pg_tables "
                "WHERE schemaname = 'truth' AND tablename = 'jar_truth')"
            )
        ).all()
        views = connection.execute(
            sa.text(
                "SELECT view_schema, view_name FROM information_schema.view_table_usage "
                "WHERE table_schema = 'truth'"
            )
        ).all()
        usable = connection.execute(
            sa.text("SELECT has_schema_privilege('battery_analyst', 'truth', 'USAGE')")
        ).scalar_one()
    assert not granted
    assert not views
    assert not usable


REFERENCE = {
    "location": (
        "location_id location_code location_name region city latitude longitude timezone "
        "commissioned_date is_active created_at updated_at"
    ),
    "battery_model": (
        "model_id model_name manufacturer chemistry nominal_voltage_v capacity_ah float_voltage_min_v "
        "float_voltage_max_v boost_voltage_min_v boost_voltage_max_v max_charge_current_a temp_warning_c "
        "temp_critical_c expected_life_years datasheet_url"
    ),
    "battery_system": (
        "system_id location_id system_code system_type system_name manufacturer model rated_power_kva "
        "installed_date is_active created_at updated_at"
    ),
    "string": (
        "string_id system_id string_code string_position batteries_count nominal_voltage_v "
        "installed_date last_capacity_test_date is_active created_at updated_at"
    ),
    "battery": (
        "battery_id string_id model_id battery_code serial_number position_in_string manufacture_date "
        "installed_date warranty_expiry_date initial_capacity_ah initial_resistance_mohm status "
        "replacement_of replaced_date created_at updated_at"
    ),
    "environmental_sensor": "sensor_id location_id sensor_code sensor_type zone is_active",
    "user": "user_id email name role location_ids is_active created_at updated_at",
    "ml_model": (
        "model_id model_name model_type version status trained_at promoted_at retired_at artifact_url "
        "hyperparameters_json metrics_json feature_list training_data_start training_data_end created_by"
    ),
    "telemetry_jar_raw": "ts battery_id voltage_v temperature_c resistance_mohm conductance_s",
    "telemetry_string_raw": (
        "ts string_id voltage_v current_a mode ripple_voltage_rms_v ripple_current_rms_a equalize_flag "
        "generator_test_flag transfer_event_flag"
    ),
    "telemetry_env": "ts sensor_id temperature_c humidity_pct hvac_status",
    "telemetry_event_window": "window_id string_id event_type start_ts end_ts sample_rate_ms data_blob_url samples_count",
    "maintenance_event": (
        "event_id battery_id string_id location_id event_type event_subtype scheduled_date "
        "completed_date technician_id status work_order_id notes photo_urls ir_scan_url created_at "
        "updated_at"
    ),
    "capacity_test_raw": (
        "test_id string_id maintenance_event_id test_date test_type discharge_rate_a "
        "discharge_duration_min cutoff_voltage_v ambient_temp_c raw_data_url notes"
    ),
    "impedance_measurement_raw": (
        "measurement_id battery_id maintenance_event_id measured_at resistance_mohm conductance_s "
        "temperature_c instrument_model"
    ),
    "audit_log": "log_id ts user_id action entity_type entity_id details_json ip_address",
    "telemetry_jar_calc": "ts battery_id soc_pct soh_pct",
    "telemetry_string_calc": "ts string_id power_w thd_pct",
    "capacity_test_calc": "test_id measured_capacity_ah capacity_pct_of_rated pass_fail",
    "impedance_measurement_calc": "measurement_id temp_corrected_resistance_mohm baseline_pct",
    "feature_store": (
        "feature_ts battery_id feature_window_hours v_mean v_std v_min v_max v_balance_mean t_mean t_max "
        "t_delta_ambient_mean r_internal_latest r_internal_baseline_pct discharge_cycles_count "
        "ah_throughput time_below_float_min time_above_float_min surge_events_count ripple_rms_mean "
        "thd_mean"
    ),
    "digital_twin_state": (
        "state_id battery_id captured_at soc_pct soh_pct r0_mohm r1_mohm c1_f r2_mohm c2_f "
        "ocv_params_json sei_thickness_nm capacity_fade_pct power_fade_pct calibration_rmse_v "
        "last_calibrated_at"
    ),
    "rul_prediction": (
        "prediction_id battery_id model_id predicted_at rul_days rul_lower_ci_days rul_upper_ci_days "
        "failure_probability_30d failure_probability_90d confidence_score source feature_snapshot_json "
        "explanation_json"
    ),
    "alert": (
        "alert_id battery_id string_id location_id alert_type severity source model_id triggered_at "
        "resolved_at status acknowledged_by message context_json incident_id"
    ),
    "incident": (
        "incident_id location_id incident_code title description severity status root_cause rca_code "
        "created_at resolved_at closed_at assigned_to escalation_level"
    ),
    "work_order": (
        "work_order_id external_id incident_id location_id title description priority status created_at "
        "due_date completed_at assigned_to resolution_notes"
    ),
}
