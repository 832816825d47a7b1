"""Networks as the registry keeps them."""

from typing import TYPE_CHECKING

from battery_assets.platform.tracking import Tracking

if TYPE_CHECKING:
    from battery_assets.learning.charge.sequence import Fitted as OfCharge
    from battery_assets.learning.networks.fitting import Fitted


def fitted_of(tracking: Tracking, name: str, version: str) -> "Fitted":
    """A registered version as it predicts. Raises what `Tracking.fetch` and `load` raise."""
    from battery_assets.learning.networks.stored import load

    with tracking.fetched(name, version) as path:
        return load(path)


def charge_of(tracking: Tracking, name: str, version: str) -> "OfCharge":
    """A registered network of charge as it predicts. Raises what `Tracking.fetch` and `load` raise."""
    from battery_assets.learning.charge.stored import load

    with tracking.fetched(name, version) as path:
        return load(path)
