"""The terms of a source of files: as people write them, and as they are shown."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from battery_assets.actions.session import Session
from battery_assets.errors import UserError
from battery_assets.ingest.exports.contract import TERM_WORDS, ContractError, SourceContract, term_of
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES, LAB_FILES, LAB_SOURCES

_CORRECT = "correct the term and run the command again"


@dataclass(frozen=True)
class Term:
    """A term in force: its value as text, where it was told, and what it says."""

    name: str
    value: str
    told: str
    words: str = ""


def terms_of(contract: tuple[str, ...], timezone: str | None) -> dict[str, Any]:
    """A source's contract as the command line says it. UserError for a term that is no KEY=VALUE."""
    # Exports written by Python print lists as Python does; reading them is safe and is reported.
    terms: dict[str, Any] = {"json_dialect": "python-literal-ok"}
    for key, value in _pairs("--contract", contract):
        try:
            terms[key] = term_of(key, value)
        except ContractError as error:
            raise UserError(str(error), _CORRECT) from error
    return {**terms, "timezone": timezone} if timezone else terms


def lab_terms_of(
    options: Mapping[str, Any], columns: Iterable[str], others: tuple[str, ...]
) -> dict[str, Any]:
    """Terms of a lab or a cell as the command line says them, those that were given alone.

    options: values by term; columns: HEADING=WORD:UNIT each; others: NAME=VALUE each. UserError for a term
    that cannot be.
    """
    from battery_assets.lab import terms as lab

    stated = {name: value for name, value in options.items() if value is not None}
    try:
        declared = [lab.column_of(text) for text in columns]
        more = {name: lab.term_of(name, value) for name, value in _pairs("--term", others)}
    except ValueError as error:
        raise UserError(str(error), _CORRECT) from error
    return {**more, **stated, **({"columns": declared} if declared else {})}


def _pairs(option: str, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for text, (_, equals, _) in zip(texts, pairs, strict=True):
        if not equals:
            example = "policy=strict" if option == "--contract" else "manufacturer=Acme"
            raise UserError(f"{option} {text!r} is not KEY=VALUE", f"write it as {option} {example}")
    return [(key, value) for key, _, value in pairs]


def term_words(*, lab: bool) -> Mapping[str, str]:
    """What every term says: of a site of files, or of a cell of a lab."""
    if not lab:
        return TERM_WORDS
    from battery_assets.lab.terms import TERMS

    return TERMS


def shown_terms(at: Session, name: str, *, lab: bool) -> tuple[str, list[Term]]:
    """Source of a site or lab, and each term in force. UserError where it is not known."""
    with at.warehouse.transaction() as connection:
        registered = {
            row.site: row for row in registry.sites(connection) if (row.source in LAB_SOURCES) == lab
        }
    kind = "lab" if lab else "site"
    if name not in registered:
        raise UserError(
            f"{kind} {name} is not known; known: {', '.join(registered) or 'none'}",
            f"battery-assets {kind} list",
        )
    site = registered[name]
    if site.source not in (FILES, LAB_FILES):
        return site.source, [Term(word, _text(value), "given") for word, value in site.config.items()]
    defaults = {one.name: one.default for one in fields(SourceContract)} if not lab else {}
    return site.source, _in_force(site.config, term_words(lab=lab), defaults)


def cells_terms(at: Session, lab: str) -> dict[str, list[Term]]:
    """What each cell's folder says of it; a folder that cannot be read says why in place of its terms."""
    from battery_assets.lab.folder import CELL_JSON, SessionRefused, cell_terms, cells_in

    by_cell = {}
    for cell in cells_in(Path(at.landing.root(lab)) / lab):
        try:
            terms = cell_terms(cell)
        except SessionRefused as refused:
            terms = {"": str(refused)}
        by_cell[cell.name] = [Term(word, _text(value), CELL_JSON) for word, value in terms.items()]
    return by_cell


def _in_force(config: Mapping[str, Any], words: Mapping[str, str], defaults: Mapping[str, Any]) -> list[Term]:
    return [
        Term(name, _text(config[name]), "given", said)
        if name in config
        else Term(name, _text(defaults.get(name)), "default" if name in defaults else "not given", said)
        for name, said in words.items()
    ]


def _text(value: Any) -> str:
    if value is None or value == ():
        return "-"
    return (
        repr(value)
        if isinstance(value, str) and not value.strip()
        else (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    )
