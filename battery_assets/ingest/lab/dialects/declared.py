"""A file whose layout no dialect knows, read as the lab's contract declares it."""

from collections.abc import Sequence

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Column, Dialect
from battery_assets.ingest.lab.dialects.headings import Heading, slug
from battery_assets.ingest.lab.dialects.vocabulary import REQUIRED


def dialect(found: Sequence[Heading], contract: LabContract) -> Dialect | None:
    """The declared dialect, if most of the declared headings stand in this line; else None."""
    declared = {text: word for text, word, _ in contract.columns}
    here = [heading for heading in found if heading.text in declared]
    if 2 * len(here) < len(declared) or not here:
        return None
    columns = tuple(
        Column(word, (next((h.slug for h in here if h.text == text), slug(text)),), required=True)
        for text, word in declared.items()
    )
    words = {column.word for column in columns}
    needed = tuple(Column(word, (word,), required=True) for word in REQUIRED if word not in words)
    return Dialect(
        name="declared layout",
        vendor="the lab's contract",
        version=1,
        signature=(),
        columns=columns + needed,
        instants=("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"),
        sign="proven" if contract.current_sign is None else "signed",
    )
