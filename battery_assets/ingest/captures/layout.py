"""How an operator's captures of ripple are laid out: columns, terms, and what names of files say.

A file holds one burst, or many, a sample a row; `signal_id` says which burst a row belongs to.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.ingest.exports.contract import ContractError, SourceContract
from battery_assets.tables.definition import flag, instant, integer, quantity, text

LAYOUT = sa.Table(
    "capture",
    sa.MetaData(),
    text("signal_id", "Burst that the sample belongs to; without it a file is one burst.", 50),
    text("system", "System whose rectifier it was.", 60),
    text("string", "String at whose terminals it was taken; without it the system stands for it.", 60),
    text("label", "Faults, joined by +, or sound.", 120),
    integer("pulses", "Pulses of the rectifier, 6 or 12.", low=6, high=12),
    flag("is_reference", "A sound burst that others are held against."),
    instant("taken_at", "When the burst was taken."),
    quantity("time_s", "Time within the burst.", "s", 18, 9),
    quantity("sample_rate_hz", "Samples a second.", "Hz", 12, 3),
    quantity("voltage_v", "Voltage of the string.", "V", 9, 5, low=-2000, high=2000, required=True),
    quantity("current_a", "Current of the string.", "A", 10, 5, low=-20000, high=20000, required=True),
    schema="captures",
    info={"phase": 0},
)
# What stands for the whole of a burst, and may be said by a term or by the name of its file instead.
SAID_ONCE = ("system", "string", "label", "pulses", "is_reference", "taken_at", "sample_rate_hz")
_FROM_NAMES = ("signal_id", "system", "string", "label")
_ENDINGS = re.compile(r"\.(csv|csv\.gz|parquet)$", re.IGNORECASE)


@dataclass(frozen=True)
class Terms:
    """What is said of a folder of captures, beside what its files say.

    sample_rate_hz, pulses, system, string, label: for files that do not say it. names: how paths of files are
    made, such as `{system}/{string}_{label}_{signal_id}`; the contract reads columns.
    """

    sample_rate_hz: float | None = None
    pulses: int = 6
    system: str | None = None
    string: str | None = None
    label: str | None = None
    names: str = ""
    contract: SourceContract = field(default_factory=SourceContract)

    def of_path(self, path: str) -> dict[str, str]:
        """What the path of a file says, by column. Raises BadInput for one that is not made like that."""
        if not self.names:
            return {}
        fits = pattern(self.names).fullmatch(_ENDINGS.sub("", path))
        if fits is None:
            raise BadInput(f"{path} is not named as {self.names}; next step: rename it, or correct names")
        return fits.groupdict()


def pattern(names: str) -> re.Pattern[str]:
    """The pattern of paths without endings. Raises BadInput for one that names no column, or another."""
    parts = re.split(r"\{(\w*)\}", names)
    if unknown := sorted(set(parts[1::2]) - set(_FROM_NAMES)):
        raise BadInput(f"names: {', '.join(unknown)}; next step: some of {', '.join(_FROM_NAMES)}")
    if len(parts) < 2 or len(set(parts[1::2])) < len(parts[1::2]):
        raise BadInput(f"names {names!r}; next step: each column once, as {{system}}/{{signal_id}}")
    # A label has underscores of its own: open_diode.
    kinds = {"label": "[A-Za-z_+]+"}
    texts = [
        re.escape(part) if place % 2 == 0 else f"(?P<{part}>{kinds.get(part, '[^/]+?')})"
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(texts))


def terms_of(stated: dict[str, Any]) -> Terms:
    """The terms that plain values describe, as JSON holds them. Raises BadInput for what cannot be."""
    own = {key: stated[key] for key in stated if key in Terms.__dataclass_fields__ and key != "contract"}
    try:
        contract = SourceContract.from_config({key: stated[key] for key in stated if key not in own})
    except ContractError as error:
        raise BadInput(f"{error}; next step: correct this term") from error
    rate, pulses = own.get("sample_rate_hz"), own.get("pulses", 6)
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not rate > 0):
        raise BadInput(f"sample_rate_hz {rate!r}; next step: samples a second, such as 12800")
    if pulses not in (6, 12):
        raise BadInput(f"pulses {pulses!r}; next step: 6 or 12")
    if own.get("names"):
        pattern(own["names"])
    return Terms(**own, contract=contract)
