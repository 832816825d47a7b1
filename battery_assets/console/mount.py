"""What the application mounts: `create_app(..., routers=ROUTERS)`."""

from battery_assets.console.routes import data, files, fleet, incidents, jar, site

ROUTERS = (files.router, fleet.router, site.router, jar.router, incidents.router, data.router)
