"""What a file of one kind looks like: which headings it has, and what they mean."""

import difflib
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.vocabulary import factor


@dataclass(frozen=True)
class Column:
    """One column of a dialect.

    word      of the vocabulary that it becomes (a key of vocabulary.DIMENSIONS)
    slugs     of the headings it may have, best first; 'step/time' is a heading 'step' in a unit of time,
              a slug ending in '*' matches by its beginning, '=Step' is the heading as it is written
    unit      what the source means where a heading names none; None: the heading must name it
    required  whether the file is refused without it
    """

    word: str
    slugs: tuple[str, ...]
    unit: str | None = None
    required: bool = False


@dataclass(frozen=True)
class Dialect:
    """A kind of file.

    name           shown to people, and kept beside every point
    version        of its reader: raised whenever the same file would be read differently
    signature      sets of slugs, one of which a header must contain to be of this kind
    columns        what is taken from it
    instants       strptime patterns of the wall clock, tried in order, then with day and month exchanged; the
                   first that fits every row is it
    charging       words of the step type that mean charge; discharging, resting, set_aside likewise.
                   Rows in `set_aside` are no points (impedance sweeps) and go to quarantine by rule
    sign           'signed': a positive current charges. 'step type': the current is a magnitude and the
                   step type gives the sign. 'signed or step type': magnitudes, if no current is negative.
                   'proven': no step type; if no current is negative, voltage must prove each run
    sign_fixed     the format itself says that positive current charges: no voltage overrules it alone
    time_restarts  each cycle's time begins at 0 (records of single discharges)
    clock_decides  a time heading without a unit: the wall clock tells seconds, minutes and hours apart
    policy         where the contract names none
    written        pattern that one heading, as it is written, must match besides; '' for any
    never_ended    the software does not end the last line of a complete export
    sweeps         a row with a frequency belongs to an impedance sweep and is no point in time
    export         how the cycler's software writes such a file, for refusals
    facts          patterns of what the preamble says about the test, by field of reading.Declared
    """

    name: str
    vendor: str
    version: int
    signature: tuple[frozenset[str], ...]
    columns: tuple[Column, ...]
    instants: tuple[str, ...] = ()
    charging: tuple[str, ...] = ()
    discharging: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    sign: str = "signed"
    sign_fixed: bool = False
    time_restarts: bool = False
    clock_decides: bool = False
    policy: str = "strict"
    written: str = ""
    never_ended: bool = False
    sweeps: bool = False
    export: str = ""
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def signed(self, line: Sequence[Heading], slugs: Set[str] | None = None) -> bool:
        """Whether the headings bear this dialect's signature; `slugs` are theirs, if known already."""
        slugs = {heading.slug for heading in line} if slugs is None else slugs
        if not any(signature <= slugs for signature in self.signature):
            return False
        return not self.written or any(re.fullmatch(self.written, heading.text) for heading in line)

    def places(self, line: Sequence[Heading]) -> dict[str, tuple[Column, Heading]]:
        """The heading of each word that the file has; of several that fit, the dialect's first."""
        chosen: dict[str, tuple[Column, Heading]] = {}
        by_slug = {heading.slug: heading for heading in reversed(line)}
        for column in self.columns:
            for wanted in column.slugs:
                fitting = by_slug.get(wanted)
                if fitting is None and not wanted.isidentifier():
                    fitting = next((heading for heading in line if _fits(heading, wanted)), None)
                if fitting and column.word not in chosen:
                    chosen[column.word] = (column, fitting)
        return chosen

    def missing(self, line: Sequence[Heading]) -> list[Column]:
        """Required columns that the headings lack."""
        places = self.places(line)
        return [column for column in self.columns if column.required and column.word not in places]

    def likeness(self, line: Sequence[Heading]) -> float:
        """Share of this dialect's columns that the headings have, or nearly have."""
        slugs = [heading.slug for heading in line]
        hits = sum(
            any(difflib.get_close_matches(wanted.rstrip("*"), slugs, n=1, cutoff=0.8) for wanted in c.slugs)
            for c in self.columns
        )
        return hits / max(1, len(self.columns))


def _fits(heading: Heading, wanted: str) -> bool:
    if wanted.startswith("="):
        return heading.text == wanted[1:]
    if "/" in wanted:
        name, dimension = wanted.split("/")
        return (
            heading.slug == name and heading.unit is not None and factor(heading.unit, dimension) is not None
        )
    return heading.slug.startswith(wanted[:-1]) if wanted.endswith("*") else heading.slug == wanted
