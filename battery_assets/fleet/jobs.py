"""What is run of the fleet, and when."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.idle_sites import idle_in
from battery_assets.platform.dagster import schedules
from battery_assets.platform.warehouse.resource import Warehouse

_catalogue = dg.AssetSelection.assets("battery_model", "user")
_training = dg.AssetSelection.assets("rul_model", "ml_model")
_anomalies = dg.AssetSelection.assets("anomaly_models")
_page = dg.AssetSelection.assets("fleet_report")
_fleet = dg.AssetSelection.assets(*(table.name for table in t.FLEET_TABLES))

catalogue_job = dg.define_asset_job(
    "catalogue",
    _catalogue,
    executor_def=dg.in_process_executor,
    description="Battery models and users, of every site.",
)
site_month_job = dg.define_asset_job(
    "site_month",
    _fleet - _catalogue - _training,
    executor_def=dg.in_process_executor,
    description="Everything of one month of one site, from master to work orders.",
)
training_job = dg.define_asset_job(
    "training",
    _training,
    executor_def=dg.in_process_executor,
    description="Trains and registers the remaining-life model of a cut-off month.",
)
anomaly_training_job = dg.define_asset_job(
    "anomaly_training",
    _anomalies,
    executor_def=dg.in_process_executor,
    description="Trains and registers the anomaly models of a cut-off month; they raise no alert.",
)
monthly_report_job = dg.define_asset_job(
    "monthly_report",
    _page,
    executor_def=dg.in_process_executor,
    description="Writes the page of a month, of the fleet and of each site, with its work orders.",
)
models_job = dg.define_asset_job(
    "models",
    dg.AssetSelection.assets("ml_model"),
    executor_def=dg.in_process_executor,
    description="Mirrors the registered models of a cut-off month, as after a roll-back.",
)

# Small tables that one step writes, parents first.
TOGETHER = {
    "master": (t.location, t.battery_system, t.string, t.battery, t.environmental_sensor),
    "transactions": (t.maintenance_event, t.capacity_test_raw, t.impedance_measurement_raw, t.audit_log),
}
JOBS = (
    catalogue_job,
    site_month_job,
    training_job,
    anomaly_training_job,
    models_job,
    monthly_report_job,
)


def schedules_of(warehouse: Warehouse) -> list[dg.ScheduleDefinition]:
    """When the jobs run."""
    idle = idle_in(warehouse)
    return [
        schedules.current_month(site_month_job, idle=idle),
        schedules.last_day(site_month_job, idle=idle),
        schedules.closed_month(site_month_job, idle=idle),
        schedules.monthly_training(training_job),
        schedules.nightly_report(monthly_report_job),
    ]
