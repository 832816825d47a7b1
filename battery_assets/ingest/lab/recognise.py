"""Which cycler wrote a file: told by its content, never by its name; never guessed."""

from collections.abc import Sequence

from battery_assets.ingest.lab.arbin import ARBIN, ARBIN_METADATA
from battery_assets.ingest.lab.basytec import BASYTEC
from battery_assets.ingest.lab.bdf import BDF
from battery_assets.ingest.lab.biologic import BIOLOGIC
from battery_assets.ingest.lab.dialect import Dialect
from battery_assets.ingest.lab.headings import Heading
from battery_assets.ingest.lab.landt import LANDT
from battery_assets.ingest.lab.maccor import MACCOR
from battery_assets.ingest.lab.nasa import NASA
from battery_assets.ingest.lab.neware import NEWARE, NEWARE_LAYERED
from battery_assets.ingest.lab.novonix import NOVONIX
from battery_assets.ingest.lab.pec import PEC
from battery_assets.ingest.lab.refusal import LabFileRefused

# The most particular first: the first whose signature the headings bear is it.
DIALECTS = (BDF, LANDT, PEC, NOVONIX, BASYTEC, BIOLOGIC, NEWARE, MACCOR, NASA, ARBIN)
REFUSED = {
    ARBIN_METADATA: "Arbin's record of a test, without measured points: give the file with the "
    "points; this one is not needed",
    NEWARE_LAYERED: "a layered Neware export, in which cycles, steps and records alternate: export "
    "the record layer "
    "alone (BTSDA: Export, Customize, only 'Record'), or give the .ndax",
}
_NEAREST = 3
_SHOWN_COLUMNS = 40


def dialect_of(found: Sequence[Heading]) -> Dialect | None:
    """The dialect whose signature a line of headings bears. Raises LabFileRefused: NO_POINTS, UNSUPPORTED."""
    for dialect in DIALECTS:
        if dialect.signed(found):
            return dialect
    slugs = {heading.slug for heading in found}
    for signature, words in REFUSED.items():
        if signature <= slugs:
            reason = "NO_POINTS" if signature == ARBIN_METADATA else "UNSUPPORTED"
            raise LabFileRefused(
                reason,
                found=words.split(":")[0],
                expected="measured points",
                next_step=words.split(": ", 1)[1],
            )
    return None


def unknown(lines: Sequence[Sequence[Heading]]) -> LabFileRefused:
    """UNKNOWN_DIALECT with the headings found in the likeliest header line, and the nearest dialects."""
    header = max(lines, key=_header_likeness, default=())
    names = ", ".join(repr(heading.text) for heading in header[:_SHOWN_COLUMNS]) or "no headings"
    likely = sorted(DIALECTS, key=lambda dialect: -dialect.likeness(header))[:_NEAREST]
    nearest = "; ".join(f"{one.name} ({one.likeness(header):.0%}: {_columns(one)})" for one in likely)
    return LabFileRefused(
        "UNKNOWN_DIALECT",
        found=f"the columns {names}",
        expected=f"those of a known cycler; nearest: {nearest}",
        next_step="export with the cycler's own headings, or declare heading, meaning and factor of "
        "each column in "
        "the contract (columns)",
    )


def _header_likeness(found: Sequence[Heading]) -> tuple[float, int]:
    return max((dialect.likeness(found) for dialect in DIALECTS), default=0.0), len(found)


def _columns(dialect: Dialect) -> str:
    return ", ".join(column.slugs[0].rstrip("*") for column in dialect.columns if column.required)
