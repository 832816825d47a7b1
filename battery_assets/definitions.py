"""The code location: every asset, check, job, schedule, sensor and resource."""

import dagster as dg

from battery_assets import experiments, fleet, lab
from battery_assets import tables as t
from battery_assets.experiments import jobs as of_experiments
from battery_assets.fleet import jobs as of_fleet
from battery_assets.fleet.sensors import landing_sensor
from battery_assets.lab import jobs as of_lab
from battery_assets.lab.sensors import lab_landing_sensor
from battery_assets.platform.dagster.catching_up import stale_sensor
from battery_assets.platform.dagster.checks import suite_check
from battery_assets.platform.dagster.failures import failures_sensor
from battery_assets.platform.dagster.retention import KEEP_DAYS
from battery_assets.platform.dagster.schedules import nightly_tidying
from battery_assets.platform.dagster.steps import in_steps
from battery_assets.platform.dagster.tidying import tidy_job
from battery_assets.platform.jobs.launching import job_sensors
from battery_assets.platform.landing import Landing
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

DOMAINS = (fleet, lab, experiments)
assets = [
    asset
    for domain in DOMAINS
    for asset in dg.load_assets_from_package_module(domain)
    if isinstance(asset, dg.AssetsDefinition)
]
checks = [
    *(suite_check(table) for table in t.TABLES),
    *(check for domain in DOMAINS for check in dg.load_asset_checks_from_package_module(domain)),
]
lake_url = dg.EnvVar("BATTERY_LAKE_URL")
steps = in_steps(assets, checks, together=of_fleet.TOGETHER, lake=lake_url.get_value())
jobs = (*of_fleet.JOBS, *of_lab.JOBS, *of_experiments.JOBS)
keep_log_days = int(dg.EnvVar("BATTERY_KEEP_LOG_DAYS").get_value() or KEEP_DAYS)
tidy = tidy_job(t.TABLES, keep_log_days, of_experiments.NAMED)
warehouse = Warehouse(database_url=dg.EnvVar("BATTERY_WAREHOUSE_URL"), lake_url=lake_url)
schedules = (*of_lab.SCHEDULES, *of_experiments.SCHEDULES)
landing = Landing(folder=dg.EnvVar("BATTERY_LANDING"), cache=dg.EnvVar("BATTERY_HOME"))
tracking = Tracking(
    tracking_uri=dg.EnvVar("BATTERY_TRACKING_URI"), artifact_root=dg.EnvVar("BATTERY_ARTIFACTS_URL")
)

defs = dg.Definitions(
    assets=steps,
    jobs=[*jobs, tidy],
    schedules=[*of_fleet.schedules_of(warehouse), *schedules, nightly_tidying(tidy)],
    sensors=[
        landing_sensor(warehouse, landing),
        lab_landing_sensor(warehouse, landing),
        *job_sensors(warehouse, jobs),
        failures_sensor(warehouse),
        stale_sensor(warehouse, {"site": of_fleet.site_month_job, "lab": of_lab.lab_month_job}),
    ],
    resources={"warehouse": warehouse, "landing": landing, "tracking": tracking},
    executor=dg.in_process_executor,
)
