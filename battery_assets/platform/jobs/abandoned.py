"""A look after jobs whose worker is gone, so that each stands as failed within a minute."""

import dagster as dg

from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.jobs.core import LEASE_S, fail_abandoned
from battery_assets.platform.warehouse.resource import Warehouse


def abandoned_jobs_sensor(warehouse: Warehouse) -> dg.SensorDefinition:
    """Fails jobs whose lease has passed; a lease and a look together are under a minute."""

    @dg.sensor(
        name="abandoned_jobs",
        minimum_interval_seconds=int(LEASE_S),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails jobs, such as trainings, whose worker was killed.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        with initialized(warehouse).transaction() as connection:
            numbers = fail_abandoned(connection)
        return dg.SkipReason(f"failed: {numbers}" if numbers else "every running job has its worker")

    return sensor
