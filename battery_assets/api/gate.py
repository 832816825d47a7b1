"""Keys and sessions, as the accounts know them."""

from fastapi import Request

from battery_assets.actions.people.caller import Caller
from battery_assets.platform.warehouse.resource import Warehouse


class Keys:
    """Knows nobody yet: the accounts are not merged."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def caller(self, request: Request) -> Caller | None:
        """None."""
        return None
