"""The graph of assets: one asset and one check for each table, and no edge that climbs back."""

import dagster as dg
import pytest

from battery_assets import definitions as d
from battery_assets import tables as t
from battery_assets.experiments.said import GROUPS
from battery_assets.platform.dagster.assets import group_of
from battery_assets.platform.dagster.steps import in_steps
from battery_assets.tables.projections import parents

SPECS = {spec.key.path[-1]: spec for spec in d.defs.resolve_all_asset_specs()}
PHASE = {group_of(number, lab=lab): number for number in range(1, 8) for lab in (False, True)}
# Experiments read what the fleet and the lab have, whatever its phase.
PHASE |= {group: 8 + place for place, group in enumerate(GROUPS)}
# Models, pages, and tables that are written row by row.
NO_PARTITIONS_OF_OURS = {
    "rul_model", "anomaly_models", "cell_model", "charge_model", "cell_ensemble", "cell_comparison", "datasets",
    "signals", "experiments", "hpo_campaigns", "capacitor_calendar", "detection_power",
    "nas_campaigns", "explanations", "fleet_report",
}  # fmt: skip


def test_every_table_has_one_asset_and_one_check():
    tables = [table.name for table in t.TABLES]
    # The 26 of the reference, the runtime of strings, the replay of rules, the truth of synthetic jars, and
    # the lab.
    assert len(tables) == len(set(tables)) == 26 + 3 + len(t.LAB_TABLES)
    assert set(tables) == set(SPECS) - NO_PARTITIONS_OF_OURS
    suites = [key.asset_key.path[-1] for check in d.checks for key in check.check_keys if key.name == "suite"]
    assert sorted(suites) == sorted(tables)


def test_the_whole_repository_loads_as_a_server_loads_it():
    # Names of jobs and assets are held against each other only here.
    d.defs.get_repository_def().load_all_definitions()


def test_the_laws_of_physics_are_checked_where_their_rows_are_written():
    laws = {
        (spec.asset_key.path[-1], spec.name): spec.blocking
        for check in d.checks
        for spec in check.check_specs
        if spec.name != "suite"
    }
    blocking = {
        ("telemetry_string_raw", "current_sign"),
        ("telemetry_jar_raw", "jar_sum"),
        ("telemetry_jar_raw", "truth_apart"),
        ("telemetry_string_calc", "power_law"),
        ("telemetry_jar_calc", "soc_law"),
        ("impedance_measurement_calc", "ohmic_law"),
        ("capacity_test_calc", "capacity_law"),
        ("digital_twin_state", "ageing_law"),
    }
    warning = {
        ("telemetry_string_raw", "charge_returned"),
        ("feature_store", "float_compensation"),
        ("feature_store", "no_jar_below_its_room"),
        ("rul_model", "gate"),
        ("rul_model", "leakage"),
        ("rul_prediction", "feature_drift"),
        ("rul_prediction", "prediction_drift"),
        ("signals", "whole"),
        ("experiments", "stores_agree"),
        ("hpo_campaigns", "each_point_once"),
        ("nas_campaigns", "each_network_once"),
    }
    assert laws == {**dict.fromkeys(blocking, True), **dict.fromkeys(warning, False)}


def test_a_step_makes_and_judges_what_the_definitions_say():
    made = [spec.key for step in d.steps if isinstance(step, dg.AssetsDefinition) for spec in step.specs]
    assert sorted(made) == sorted(spec.key for asset in d.assets for spec in asset.specs)
    judged = [(spec.key, spec.blocking) for step in d.steps for spec in step.check_specs]
    assert sorted(judged) == sorted(
        (spec.key, spec.blocking) for check in d.checks for spec in check.check_specs
    )
    alone = {
        key.name for step in d.steps if isinstance(step, dg.AssetChecksDefinition) for key in step.check_keys
    }
    more = {"charge_returned", "jar_sum", "truth_apart"}
    configured = {"stores_agree", "each_point_once", "each_network_once"}
    assert alone == more | configured, "these follow more than their asset does, or one that takes a config"


def test_a_check_reads_no_later_phase():
    for check in d.checks:
        for spec in check.check_specs:
            own = PHASE[SPECS[spec.asset_key.path[-1]].group_name]
            for dep in spec.additional_deps:
                assert PHASE[SPECS[dep.asset_key.path[-1]].group_name] <= own, (
                    f"{spec.key} reads {dep.asset_key}"
                )


def test_no_edge_climbs_from_a_later_phase_to_an_earlier_one():
    for name, spec in SPECS.items():
        for dep in spec.deps:
            upstream = SPECS[dep.asset_key.path[-1]]
            assert PHASE[upstream.group_name] <= PHASE[spec.group_name], f"{upstream.key} -> {name}"


def test_no_asset_follows_or_says_it_reads_the_truth():
    truths = {table.name for table in t.TABLES if table.schema == "truth"}
    assert truths == {"jar_truth"}
    for name, spec in SPECS.items():
        followed = {dep.asset_key.path[-1] for dep in spec.deps}
        read = {*spec.metadata.get("reads", []), *spec.metadata.get("reads_earlier_months", [])}
        assert not truths & (followed | read), f"{name} reads what no real fleet knows"


def test_no_table_points_at_the_truth():
    for table in t.TABLES:
        assert not [key for key in table.foreign_keys if key.column.table.schema == "truth"], table.name


def test_an_asset_is_in_the_group_of_its_phase():
    for table in t.TABLES:
        domain = "lab" if table.info["lab"] else "fleet"
        assert SPECS[table.name].group_name.startswith(f"{domain}_p{table.info['phase']}_")


def test_an_asset_says_who_owns_it_which_code_made_it_and_where_it_lies():
    for name, spec in SPECS.items():
        domain = spec.group_name.partition("_")[0]
        assert spec.owners == [f"team:{domain}"], name
        assert (spec.tags["domain"], len(spec.code_version)) == (domain, 12), name
    assert len({spec.code_version for spec in SPECS.values()}) > 30, "each has the version of its own code"
    lake = {table.name for table in t.TABLES if table.info["store"] == "lake"}
    there = {spec.key.path[-1]: spec for step in _in_lake() for spec in step.specs}
    assert {name for name, spec in there.items() if "dagster/uri" in spec.metadata} == lake
    assert there["telemetry_jar_raw"].metadata["dagster/uri"] == "/srv/lake/telemetry_jar_raw"


def test_an_asset_of_a_table_says_its_columns_in_words():
    of_tables = {name: spec for name, spec in SPECS.items() if "dagster/table_name" in spec.metadata}
    assert len(of_tables) == len(t.TABLES) + 8, "those that experiments write row by row, too"
    for name, spec in of_tables.items():
        shown = spec.metadata["dagster/column_schema"].columns
        assert shown, name
        assert not [one.name for one in shown if not one.description], name


def test_what_a_schedule_makes_says_when_it_is_old():
    """A training or a page that was left out shows on the asset, not only in a list of runs."""
    fresh = {name for name, spec in SPECS.items() if spec.freshness_policy}
    nightly = {"string_runtime", "alert", "incident", "work_order", "cycle_data", "fleet_report"}
    assert fresh == nightly | {"rul_model", "ml_model"}
    code = d.defs.get_repository_def()
    for schedule in code.schedule_defs:
        made = code.get_job(schedule.job_name).asset_layer.executable_asset_keys
        if made:
            assert fresh & {key.path[-1] for key in made}, schedule.name


def _in_lake() -> list[dg.AssetsDefinition]:
    made = in_steps(d.assets, d.checks, d.of_fleet.TOGETHER, lake="/srv/lake/")
    return [step for step in made if isinstance(step, dg.AssetsDefinition)]


def test_foreign_keys_are_written_after_what_they_point_at():
    """Within a run a parent is replaced before its child, so each reference is an upstream asset."""
    upstream = {name: {dep.asset_key.path[-1] for dep in spec.deps} for name, spec in SPECS.items()}

    def reachable(name: str, seen: set[str]) -> set[str]:
        for parent in upstream[name] - seen:
            seen |= {parent} | reachable(parent, seen | {parent})
        return seen

    # alert.incident_id is filled by the incident asset itself, in one transaction.
    exempt = {
        ("alert", "incident"),
        ("ml_model", "user"),
        ("incident", "user"),
        ("alert", "user"),
        ("alert", "ml_model"),
    }
    for table in t.TABLES:
        for parent in {column.table.name for column in parents(table).values()} - {table.name}:
            if (table.name, parent) not in exempt:
                assert parent in reachable(table.name, set()), f"{table.name} points at {parent}"


def test_checks_know_their_partition():
    for check in d.checks:
        [spec] = check.check_specs
        expected = SPECS[spec.asset_key.path[-1]].partitions_def
        assert spec.partitions_def == expected, (
            f"{spec.asset_key}: without it a clean month hides a dirty one"
        )
        assert spec.blocking or spec.name != "suite"


@pytest.mark.parametrize(
    "job",
    [
        "site_month",
        "lab_month",
        "catalogue",
        "training",
        "monthly_report",
        "lab_training",
        "lab_ensemble",
        "dataset",
        "experiment",
        "hpo_campaign",
        "nas_campaign",
        "explanation",
        "experiment_stores",
    ],
)
def test_jobs_resolve(job):
    assert d.defs.resolve_job_def(job).nodes


def test_the_partitions_are_months_by_sites():
    month_site = SPECS["telemetry_jar_raw"].partitions_def
    assert isinstance(month_site, dg.MultiPartitionsDefinition)
    assert {dimension.name for dimension in month_site.partitions_defs} == {"month", "site"}
    lab = SPECS["timeseries_point"].partitions_def
    assert isinstance(lab, dg.MultiPartitionsDefinition)
    assert lab != month_site, "labs and sites have keys of their own"
    assert SPECS["user"].partitions_def is None
    assert SPECS["ml_model"].partitions_def == month_site.get_partitions_def_for_dimension("month")
