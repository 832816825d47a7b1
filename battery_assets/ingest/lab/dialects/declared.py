"""A file as the lab's contract declares it: a layout no dialect knows, or columns one misreads."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Column, Dialect
from battery_assets.ingest.lab.dialects.headings import Heading, slug
from battery_assets.ingest.lab.dialects.recognise import dialect_of
from battery_assets.ingest.lab.dialects.vocabulary import REQUIRED

NAME, VERSION = "declared layout", 2


def ways(contract: LabContract) -> list[Callable[[Sequence[Heading]], Dialect | None]]:
    """How headings are looked at, in order: a lab's declared columns may stand in some of its files alone."""
    return [partial(dialect, contract=contract), dialect_of] if contract.columns else [dialect_of]


def dialect(line: Sequence[Heading], contract: LabContract) -> Dialect | None:
    """The declared dialect, if most of the declared headings stand in this line; else None.

    Where the contract does not declare all that a file needs, and the headings are those of a known dialect,
    the declared columns go before its own.
    """
    declared = {text: word for text, word, _ in contract.columns}
    here = {heading.text for heading in line if heading.text in declared}
    if 2 * len(here) < len(declared) or not here:
        return None
    columns = tuple(
        Column(word, (f"={text}" if text in here else slug(text),), required=True)
        for text, word in declared.items()
    )
    words = {column.word for column in columns}
    recognised = None if words >= set(REQUIRED) else dialect_of(line)
    if recognised is not None:
        return _corrected(recognised, columns, line)
    needed = tuple(Column(word, (word,), required=True) for word in REQUIRED if word not in words)
    return Dialect(
        name=NAME,
        vendor="the lab's contract",
        version=VERSION,
        signature=(),
        columns=columns + needed,
        instants=("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
        sign="proven" if contract.current_sign is None else "signed",
    )


def _corrected(dialect: Dialect, columns: tuple[Column, ...], headings: Sequence[Heading]) -> Dialect:
    """A known dialect with declared columns; a declared heading is read as nothing else."""
    words = {column.word for column in columns}
    texts = {slug_.removeprefix("=") for column in columns for slug_ in column.slugs}
    taken = {word for word, (_, heading) in dialect.places(headings).items() if heading.text in texts}
    own = tuple(column for column in dialect.columns if column.word not in words | taken)
    return replace(dialect, columns=columns + own)
