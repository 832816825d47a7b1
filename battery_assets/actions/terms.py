"""The terms of a source of files, as people write them."""

from typing import Any

from battery_assets.errors import UserError
from battery_assets.ingest.exports.contract import ContractError, term_of


def terms_of(contract: tuple[str, ...], timezone: str | None) -> dict[str, Any]:
    """A source's contract as the command line says it. UserError for a term that is no KEY=VALUE."""
    # Exports written by Python print lists as Python does; reading them is safe and is reported.
    terms: dict[str, Any] = {"json_dialect": "python-literal-ok"}
    for term in contract:
        key, equals, value = term.partition("=")
        if not equals:
            raise UserError(f"--contract {term!r} is not KEY=VALUE", "write it as --contract policy=strict")
        try:
            terms[key] = term_of(key, value)
        except ContractError as error:
            raise UserError(str(error), "correct the term and run the command again") from error
    return {**terms, "timezone": timezone} if timezone else terms
