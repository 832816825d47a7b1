"""Routes, one file for each thing that is asked for."""

from battery_assets.api.routes import health, operations, predictions, reading

ROUTERS = (health.router, reading.router, operations.router, predictions.router)
