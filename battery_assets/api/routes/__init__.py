"""Routes, one file for each thing that is asked for."""

from battery_assets.api.routes import (
    backfills,
    curves,
    finding,
    health,
    job_events,
    jobs,
    operations,
    predictions,
    reading,
)

ROUTERS = (
    health.router, reading.router, operations.router, predictions.router, jobs.router, job_events.router,
    backfills.router, curves.router, finding.router,
)  # fmt: skip
