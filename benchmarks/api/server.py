"""`python -m benchmarks.api.server PORT KIND`: the API with a route that does nothing, or FastAPI with it."""

import sys
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from battery_assets.api.callers import may
from battery_assets.api.strict import Strict, StrictRoute
from battery_assets.settings import Settings


class Values(BaseModel):
    """A body of FastAPI's own kind."""

    values: list[float]


class StrictValues(Strict):
    """The same, as this API takes it."""

    values: list[float]


def bare() -> FastAPI:
    """FastAPI as it comes, with one route."""
    app = FastAPI()

    @app.post("/sum")
    async def total(body: Values) -> dict[str, float]:
        return {"sum": sum(body.values)}

    return app


def ours() -> Any:
    """This API with the same route beside its own: key, limit, sites and log are those that are served."""
    from battery_assets.actions.people.ledger import Ledger
    from battery_assets.api.app import Platform, create_app
    from battery_assets.api.gate import Keys
    from battery_assets.hosting.guard import Guard
    from battery_assets.platform.warehouse.resource import Warehouse

    router = APIRouter(route_class=StrictRoute)

    @router.post("/sum", dependencies=[Depends(may("predictions:write"))])
    async def total(body: StrictValues) -> dict[str, float]:
        return {"sum": sum(body.values)}

    settings = Settings.from_environment()
    warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
    platform = Platform(settings, warehouse)
    keys = Keys(platform.accounts)
    ledger = Ledger(platform.accounts, settings.keep_log_days, keys.known.note_use)
    services = (keys.known, ledger)
    app = create_app(platform, keys, services=services, log_request=ledger.add, routers=(router,))
    return Guard(app, settings.web_hosts)


def main() -> None:
    """Serve until a signal comes, with the settings of the product's own server."""
    import uvicorn

    port, kind = sys.argv[1:]
    app = bare() if kind == "bare" else ours()
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
