"""Routes, one file for each thing that is asked for."""

from battery_assets.api.routes import health, reading

ROUTERS = (health.router, reading.router)
