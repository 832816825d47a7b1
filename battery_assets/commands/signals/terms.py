"""Terms that a command takes as TERM=VALUE."""

import json
from typing import Any

from battery_assets.errors import UserError


def terms_of(told: tuple[str, ...]) -> dict[str, Any]:
    """The terms, each value as JSON reads it, else as it stands. UserError for one without a value."""
    found: dict[str, Any] = {}
    for one in told:
        name, equal, value = one.partition("=")
        if not equal:
            raise UserError(f"--set {one!r} is no TERM=VALUE", "write it as --set epochs=30")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
