"""Which figures there are, in what unit, and which part of the benchmarks measures them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SHARED = "battery_assets_tests.worlds"  # what tests and benchmarks share
LATEST = Path(__file__).with_name("latest.json")


@dataclass(frozen=True)
class Group:
    """Figures that one process measures together: `module:function`, unit of each figure.

    A module without a dot is one of this package.

    `warms`: it compiles the loops that the others run, so it comes first. `quick`: it has a small version.
    `foreign`: it reads files of third parties, which are not part of the project. `peers`: it runs packages
    of others, installed for it alone.
    """

    name: str
    function: str
    units: Mapping[str, str]
    warms: bool = False
    quick: bool = True
    foreign: bool = False
    peers: bool = False


@dataclass(frozen=True)
class Figure:
    """A measured value, its unit, and the command that measures it again."""

    value: float
    unit: str
    command: str


GROUPS = (
    Group("overhead", "overhead:in_process", {"dagster_overhead_seconds": "s"}, warms=True),
    Group(
        "telemetry",
        "telemetry:measure",
        {
            "generator_rows_per_second": "rows/s",
            "replace_rows_per_second": "rows/s",
            "raw_bytes_per_row": "B",
            "features_vs_duckdb": "our time / DuckDB's",
            "features_vs_pandas": "our time / pandas'",
            "copy_rows_per_second": "rows/s",
            "feature_store_replace_rows_per_second": "rows/s",
        },
    ),
    Group(
        "site_month",
        "site_month:measure",
        {
            "site_month_5s_seconds": "s",
            "site_month_5s_peak_gb": "GB",
            "site_month_5s_all_seconds": "s",
            "site_month_5s_all_peak_gb": "GB",
            "site_month_5s_telemetry_jar_raw_seconds": "s",
            "site_month_5s_telemetry_string_raw_seconds": "s",
            "site_month_5s_telemetry_jar_calc_seconds": "s",
            "site_month_5s_feature_store_seconds": "s",
            "site_month_5s_digital_twin_state_seconds": "s",
            "site_month_5s_alert_seconds": "s",
            "site_month_5s_checks_seconds": "s",
            **{f"phase_{phase}_seconds": "s" for phase in range(1, 8)},
        },
    ),
    # Fixed costs: a month of one of the demo's sites in a warm process, and that month with nothing due.
    # Over another checkout: `python -m benchmarks.against TREE`.
    Group(
        "small_month",
        "small_month:measure",
        {
            "small_month_cpu_seconds": "s",
            "small_month_seconds": "s",
            "small_month_wal_mb": "MB",
            "small_month_again_cpu_seconds": "s",
            "small_month_again_seconds": "s",
            "small_month_again_wal_mb": "MB",
        },
    ),
    Group(
        "one_more_day",
        "site_month:one_more_day",
        {
            "incremental_day_share": "of the days before",
            "incremental_day_to_twin_share": "of the days before",
            "incremental_day_seconds": "s",
            "incremental_day_run_seconds": "s",
        },
    ),
    Group(
        "lab",
        "lab:measure",
        {"lab_bdf_points_per_second": "points/s", "lab_text_points_per_second": "points/s"},
    ),
    # Our seconds to read one made file of 500,000 points, checked and accounted for, over theirs to read the
    # same file unchecked; below 1 is faster. PyProBE: a Maccor CSV. cellpy: Neware's record layer as CSV.
    Group(
        "lab_peers",
        "peers:measure",
        {"lab_vs_pyprobe": "our time / PyProBE's", "lab_vs_cellpy": "our time / cellpy's"},
        quick=False,
        peers=True,
    ),
    # Files of 2,000 points each, all begun on one day, entered and taken through the whole lab_month: peak
    # memory with 1,000 of them, and over that with 100; seconds a file to enter, likewise; seconds for all of
    # 1,000; seconds to find that all are known.
    Group(
        "lab_folder",
        "lab_folder:measure",
        {
            "lab_memory_1000_over_100_files": "peak / peak",
            "lab_memory_1000_files_mb": "MB",
            "lab_seconds_per_file_1000_over_100": "s a file / s a file",
            "lab_folder_1000_files_seconds": "s",
            "lab_folder_1000_known_seconds": "s",
        },
    ),
    Group("lab_features", "lab_features:measure", {"lab_features_1000_cycles_seconds": "s"}),
    Group(
        "ride_through",
        "ride_through:measure",
        {
            "runtime_interval_coverage_pct": "%",
            "runtime_weakest_named_pct": "%",
            "runtime_site_coverage_pct": "%",
            "runtime_site_worst_world_pct": "%",
            "runtime_site_matched_coverage_pct": "%",
            "runtime_site_named_pct": "% first or second of 24",
            "runtime_site_named_by_records_pct": "% first or second of 24",
            "runtime_lost_coverage_pct": "% of days of loss in their 90 %",
            "runtime_lost_days_off": "d",
            "runtime_lost_365d_brier": "Brier score",
            "runtime_lost_365d_share": "of strings and loads",
            "runtime_site_bias_pct": "%",
            "runtime_site_half_width_pct": "%",
            "runtime_seconds_per_string": "s",
            "runtime_at_76_pct_soh_pct": "% of the minutes when new",
        },
    ),
    Group(
        "estimation",
        f"{SHARED}.estimation.scores:measure",
        {
            "soc_rmse_points": "points",
            "soh_interval_coverage_pct": "% of jars in their 90 %",
            "soh_interval_coverage_worn_pct": "% of the lowest tenth in their 90 %",
            "soh_rmse_points": "points",
            "twin_jar_steps_per_second": "jar samples read/s",
        },
    ),
    Group(
        "after_a_test",
        f"{SHARED}.estimation.string_tests:measure",
        {
            "soh_before_test_points": "points",
            **{f"soh_after_test_{s}s_points": "points" for s in (5, 60, 300, 900)},
        },
    ),
    Group("soc_others", f"{SHARED}.estimation.makers:measure_others", {"soc_other_maker_points": "points"}),
    Group(
        "soc_real",
        f"{SHARED}.estimation.makers:measure_real",
        {
            "soc_agm_points": "points",
            "soc_agm_counted_points": "points",
            "soc_tubular_over_counted_points": "points over counting with the rating",
        },
        quick=False,
        foreign=True,
    ),
    # The table behind these figures, each world and class of true health, is written into docs/figures.md.
    Group(
        "health_by_world",
        f"{SHARED}.estimation.by_world:measure",
        {
            "health_by_world": "% of jars truly below 85 in their 90 %, worst world",
            "health_by_world_bias": "points, worst world, jars truly below 85",
            "health_matched_worn_coverage_pct": "% of jars truly below 85 in their 90 %",
            "health_matched_worn_bias": "points",
            "health_sulfation_worn_coverage_pct": "% of sulfated jars truly below 85 in their 90 %",
            "health_sulfation_worn_bias": "points",
        },
    ),
    Group(
        "lives",
        "lives:measure",
        {"rul_learning_seconds": "s", "rul_told_seconds": "s", "rul_jars_told": "jars of that month"},
    ),
    Group(
        "signals",
        "signals:measure",
        {
            "signals_dataset_10000_seconds": "s",
            "signals_forest_seconds": "s",
            "signals_cnn_seconds": "s",
            "signals_list_10000_ms": "ms",
            "signals_search_10000_ms": "ms",
            "signals_compare_10000_ms": "ms",
        },
    ),
    Group("signals_search", "signals:measure_search", {"signals_nas_14_seconds": "s"}),
    # On systems that nothing was chosen on: the rule that says one name, the set of labels, a forest.
    Group(
        "diagnosis",
        "diagnosis:measure",
        {
            **{
                f"diagnosis_{name}_{what}_pct": "% of bursts"
                for name in ("rule", "labels", "forest")
                for what in ("sound_called_sound", "both_named", "exact")
            },
            **{f"rule_{name}_right_pct": "% of bursts" for name in ("without_own", "own", "pulses_unknown")},
            "diagnosis_tenth_in_a_week_pct": "% of systems that lost a tenth",
            "diagnosis_false_alarms_per_100_weeks": "in 100 weeks of a system",
        },
    ),
    Group(
        "notify",
        "notify:measure",
        {
            "outbox_deliveries_per_second": "messages/s",
            "outbox_delivered_of_2000": "messages through four kills",
            "outbox_doubles_of_four_kills": "messages, each with one id",
        },
    ),
    Group(
        "api",
        "benchmarks.api.__main__:measure",
        {
            "api_cpu_us_per_request": "us",
            "api_cpu_vs_fastapi": "CPU of a request / bare FastAPI's",
            "api_prediction_p99_ms": "ms",
            "api_prediction_p50_ms": "ms",
            "api_jar_read_ms": "ms",
            "api_heat_map_read_ms": "ms",
        },
    ),
    Group("queue", "overhead:queued", {"dagster_overhead_queued_seconds": "s"}, quick=False),
    Group("datasheet", f"{SHARED}.oracles:of_data_sheet", {"datasheet_worst_time_error_pct": "%"}),
    Group(
        "oracles",
        f"{SHARED}.oracles:measure",
        {
            "pybamm_other_rates_mv_per_cell": "mV",
            "pybamm_2c_mv_per_cell": "mV",
            "pybamm_worst_held_out_mv_per_cell": "mV",
            "agm_curve_rmse_mv": "mV",
            "tubular_curve_rmse_mv": "mV",
        },
        quick=False,
        foreign=True,
    ),
)
NAMES = tuple(name for group in GROUPS for name in group.units)


def chosen(only: Sequence[str], small: bool) -> list[Group]:
    """The groups to run, in order: those of the named figures, or all; what warms up is always first."""
    wanted = [group for group in GROUPS if not only or set(group.units) & set(only)]
    if small:
        return [group for group in wanted if group.quick]
    return [group for group in GROUPS if group.warms or group in wanted]


def figures(group: Group, values: Mapping[str, float], small: bool) -> dict[str, Figure]:
    """A group's values with their units. ValueError where the group measured other figures than it says."""
    if values.keys() != group.units.keys():
        raise ValueError(f"{group.name} measured {sorted(values)}, not {sorted(group.units)}")
    option = " --small" if small else ""
    return {
        name: Figure(float(values[name]), unit, f"python -m benchmarks{option} --only {name}")
        for name, unit in group.units.items()
    }


def line(name: str, figure: Figure) -> str:
    """One figure as a person reads it."""
    digits = 0 if abs(figure.value) >= 1000 else 3
    return f"{name:<45} {figure.value:>14,.{digits}f} {figure.unit}"


def write(measured: Mapping[str, Figure], path: Path = LATEST, *, keep: bool = False) -> None:
    """Write {name: {value, unit, command}}; `keep` leaves figures that were not measured now as they were."""
    before = json.loads(path.read_text()) if keep and path.exists() else {}
    entries = {**before, **{name: asdict(figure) for name, figure in measured.items()}}
    path.write_text(json.dumps({name: entries[name] for name in NAMES if name in entries}, indent=2) + "\n")
