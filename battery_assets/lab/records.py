"""A test of a cell as the lab's books hold it: what is known of both before the points are read again."""

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class CellRecord:
    """A cell under test; the fields are the columns of battery_cell."""

    cell_id: str
    cell_code: str
    nominal_capacity_ah: float
    pack_id: str | None = None
    barcode: str | None = None
    chemistry: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    nominal_voltage_v: float | None = None
    voltage_min_v: float | None = None
    voltage_max_v: float | None = None
    end_of_life_pct: float | None = None

    def row(self) -> dict[str, Any]:
        """The cell as a row of battery_cell."""
        return asdict(self)


@dataclass(frozen=True)
class SessionRecord:
    """A test of a cell; the fields are columns of test_session, but for the last four.

    `cell` is the cell under test, `content_sha256` the checksum of what was measured, `head_sha256` that of
    how it begins, `terms` what the cell's folder says of reading its files.
    """

    session_id: str
    cell_id: str
    protocol: str
    started_at: datetime
    protocol_version: str | None = None
    equipment: str | None = None
    channel: str | None = None
    ambient_temperature_c: float | None = None
    cutoff_voltage_v: float | None = None
    rows_read: int | None = None
    rows_quarantined: int | None = None
    rows_duplicate: int | None = None
    source_files: str | None = None
    findings: str | None = None
    cell: CellRecord = field(kw_only=True)
    content_sha256: str | None = None
    head_sha256: str | None = None
    terms: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The test as a row of test_session, without what only its points say."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def document(self) -> dict[str, Any]:
        """The record as JSON in the books; what no term tells is as it was before there was such a term."""
        cell = self.cell.row()
        if cell["end_of_life_pct"] is None:
            del cell["end_of_life_pct"]
        head = {} if self.head_sha256 is None else {"head_sha256": self.head_sha256}
        return {
            **self.row(),
            **head,
            "started_at": self.started_at.isoformat(),
            "content_sha256": self.content_sha256,
            "cell": cell,
            "terms": self.terms,
            "cell_code": self.cell.cell_code,
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> "SessionRecord":
        """The record that `document` gave."""
        named = (*_COLUMNS, "content_sha256", "head_sha256", "terms")
        fields = {name: document[name] for name in named if name in document}
        cell = CellRecord(**document["cell"])
        return cls(**{**fields, "started_at": datetime.fromisoformat(fields["started_at"]), "cell": cell})


_BESIDE = ("cell", "content_sha256", "head_sha256", "terms")
_COLUMNS = tuple(one.name for one in fields(SessionRecord) if one.name not in _BESIDE)
