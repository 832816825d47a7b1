"""What the application mounts: `create_app(..., routers=ROUTERS, page_of=refused)`."""

from battery_assets.console.pages import refused
from battery_assets.console.routes import (
    account,
    data,
    files,
    fleet,
    incidents,
    jar,
    keys,
    messages,
    people,
    sign_in,
    site,
    webhooks,
)

__all__ = ["ROUTERS", "refused"]
ROUTERS = tuple(
    one.router
    for one in (files, sign_in, fleet, site, jar, incidents, data, messages, account, keys, webhooks, people)
)
