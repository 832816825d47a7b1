"""What refuses a webhook's address where it is entered, in words for who enters it."""

from collections.abc import Callable

import sqlalchemy as sa

from battery_assets.errors import UserError
from battery_assets.notify.webhooks.addresses import Allowed, Forbidden, target
from battery_assets.platform.outbox.networks import opened_networks


def address_check(connection: sa.Connection) -> Callable[[str], None]:
    """What raises UserError for an address inside a network that no admin has opened."""
    allowed = [Allowed.of(network, port) for network, port in opened_networks(connection)]

    def check(url: str) -> None:
        try:
            target(url, allowed)
        except Forbidden as error:
            said, _, step = str(error).partition("; next step: ")
            raise UserError(said, step or "give an address that anybody may reach by https") from error
        except OSError as error:
            raise UserError("the name of the address is not known here", "correct it") from error

    return check
