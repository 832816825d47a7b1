"""`python -m battery_assets.api.serve PORT [HOST]`: the API and the console, on loopback without a host."""

import logging
import sys
from typing import Any

from battery_assets.api.app import Platform, create_app
from battery_assets.api.envelope import RequestIdFilter
from battery_assets.hosting.guard import Guard
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings

FORM = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"


def served(settings: Settings) -> Any:
    """The guarded application of a home whose database runs."""
    from battery_assets.actions.people.ledger import Ledger
    from battery_assets.api.gate import Keys
    from battery_assets.console.mount import ROUTERS, refused

    warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
    platform = Platform(settings, warehouse)
    keys = Keys(platform.accounts)
    ledger = Ledger(platform.accounts, settings.keep_log_days, keys.known.note_use)
    services = (keys.known, ledger)
    app = create_app(
        platform, keys, services=services, log_request=ledger.add, routers=ROUTERS, page_of=refused
    )
    return Guard(app, settings.web_hosts)


def main() -> None:
    """Serve until a signal comes."""
    import uvicorn

    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter(FORM))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    port, *named = sys.argv[1:]
    [host] = named or ["127.0.0.1"]
    uvicorn.run(
        served(Settings.from_environment()), host=host, port=int(port), log_config=None,
        access_log=False, server_header=False, timeout_keep_alive=15, timeout_graceful_shutdown=8,
        h11_max_incomplete_event_size=65_536, limit_concurrency=400,
    )  # fmt: skip


if __name__ == "__main__":
    main()
