"""Routes, one file for each thing that is asked for."""

from battery_assets.api.routes import health

ROUTERS = (health.router,)
