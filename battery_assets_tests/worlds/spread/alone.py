"""The sites of a spread backfill, and their month computed by one process."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from battery_assets.actions.session import Session

MONTH = "2024-01"
SITES = {"a": ("phuket", 1), "b": ("bangrak", 2)}
# From master data to what is calculated of each sample: the lake's raw and calculated tables, its captures,
# and tables of PostgreSQL. What comes after takes three times as long and writes to PostgreSQL alone.
STEPS = (
    "location", "battery_system", "string", "battery", "environmental_sensor", "jar_truth", "telemetry_env",
    "telemetry_event_window", "telemetry_jar_raw", "telemetry_string_raw", "maintenance_event",
    "capacity_test_raw", "impedance_measurement_raw", "audit_log", "capacity_test_calc",
    "impedance_measurement_calc", "telemetry_jar_calc", "telemetry_string_calc",
)  # fmt: skip
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def enter_sites(at: "Session") -> None:
    """Enter both sites: one string each, a sample an hour."""
    from battery_assets.actions.add_site import add_synthetic_site
    from battery_assets.actions.session import make_catalogue

    make_catalogue(at)
    for name, (place, seed) in SITES.items():
        terms = {"place": place, "seed": seed, "strings": 1, "interval_s": 3600, "start": MONTH}
        add_synthetic_site(at, name, terms)


def carry_out(at: "Session") -> None:
    """Enter the sites and compute their month, in this process."""
    import dagster as dg

    from battery_assets.definitions import defs

    enter_sites(at)
    job = defs.resolve_job_def("site_month")
    wanted = [dg.AssetKey(name) for name in STEPS]
    for site in SITES:
        key = dg.MultiPartitionKey({"month": MONTH, "site": site})
        job.execute_in_process(
            instance=at.instance, partition_key=key, asset_selection=wanted, run_config=QUIET
        )
