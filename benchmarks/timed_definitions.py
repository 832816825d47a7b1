"""The code location as `battery-assets up` serves it, with the seconds of every body written down."""

from battery_assets.definitions import defs
from battery_assets.settings import Settings
from benchmarks.bodies import write_bodies

write_bodies(Settings.from_environment().home / "bodies")

__all__ = ["defs"]
