"""Points of tests as even series: what a model of charge may see, and the charge that it learns.

Raw samples lie as unevenly as a cycler wrote them. A series has one every `step_s`: voltage and temperature
between the samples, the current as the charge that really moved. A gap in a record ends a series, and so does
an interval in which charge may have flowed that nobody recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from battery_assets.features.lab.cycle_rows import Points

# A record is not bridged over more than this, nor over ten steps.
GAP_S = 600.0
# Nor over an interval that leaves open more than this share of nominal, as between discharges without the
# charges that lay between: whoever counts over it is a whole cell off.
OPEN_SHARE = 0.02


@dataclass(frozen=True)
class Piece:
    """A series of one test: time_s (n,) from its first sample, and the columns of `Series`."""

    time_s: np.ndarray
    voltage_v: np.ndarray
    rate: np.ndarray
    temperature_c: np.ndarray
    moved: np.ndarray
    soc: np.ndarray
    capacity: np.ndarray


@dataclass(frozen=True)
class Series:
    """Rows of series, one behind the other, by cell.

    names (cells,); cell (n,) place in names; piece (n,) number of the series, rising; voltage_v (n,); rate
    (n,) current at that instant in multiples of nominal capacity an hour; temperature_c (n,) NaN unknown;
    moved (n,) charge since the row before as a share of nominal, above 0 charges, 0 at a piece's first row;
    capacity (n,) share of nominal that the cell held when it was last measured; soc (n,) share, NaN unknown;
    nominal_ah (cells,).
    """

    names: tuple[str, ...]
    nominal_ah: np.ndarray
    step_s: float
    cell: np.ndarray
    piece: np.ndarray
    voltage_v: np.ndarray
    rate: np.ndarray
    temperature_c: np.ndarray
    moved: np.ndarray
    capacity: np.ndarray
    soc: np.ndarray

    @classmethod
    def of(cls, pieces: Sequence[tuple[str, float, Piece]], step_s: float) -> "Series":
        """From the name and nominal capacity (Ah) of each piece's cell."""
        names = tuple(sorted({name for name, _, _ in pieces}))
        nominal = {name: ah for name, ah, _ in pieces}
        ordered = sorted(pieces, key=lambda one: one[0])
        lengths = [len(one.soc) for _, _, one in ordered]

        def column(name: str) -> np.ndarray:
            return np.concatenate([getattr(one, name) for _, _, one in ordered]) if ordered else np.empty(0)

        return cls(
            names=names,
            nominal_ah=np.array([nominal[name] for name in names]),
            step_s=step_s,
            cell=np.repeat([names.index(name) for name, _, _ in ordered], lengths).astype(np.int64),
            piece=np.repeat(np.arange(len(ordered)), lengths),
            voltage_v=column("voltage_v"),
            rate=column("rate"),
            temperature_c=column("temperature_c"),
            moved=column("moved"),
            capacity=column("capacity"),
            soc=column("soc"),
        )

    @property
    def first(self) -> np.ndarray:
        """Whether a row is the first of its piece (n,)."""
        return np.diff(self.piece, prepend=-1) != 0

    @property
    def starts(self) -> np.ndarray:
        """First row of each row's piece (n,)."""
        rows = np.where(self.first, np.arange(len(self.piece)), 0)
        return np.maximum.accumulate(rows)

    @property
    def shares(self) -> np.ndarray:
        """Weight of each row of known charge, so that every cell weighs the same; mean 1 over them (n,)."""
        finite = np.isfinite(self.soc)
        counts = np.bincount(self.cell[finite], minlength=len(self.names))
        cells = max(int((counts > 0).sum()), 1)
        return np.where(finite, finite.sum() / (np.maximum(counts, 1)[self.cell] * cells), 0.0)

    def past(self, window: int) -> np.ndarray:
        """Rows of the `window` steps that end with each row (n, window), oldest first, within its piece."""
        back = np.arange(window - 1, -1, -1)
        return np.maximum(np.arange(len(self.piece))[:, None] - back[None, :], self.starts[:, None])

    def only(self, cell: int) -> "Series":
        """The rows of one cell, by its place."""
        columns = ("piece", "voltage_v", "rate", "temperature_c", "moved", "capacity", "soc")
        rows = {name: getattr(self, name)[self.cell == cell] for name in columns}
        return replace(
            self, names=(self.names[cell],), nominal_ah=self.nominal_ah[[cell]],
            cell=np.zeros(len(rows["piece"]), np.int64), **rows,
        )  # fmt: skip


def joined(one: Series, other: Series) -> Series:
    """The cells of both, which have none in common."""
    return Series(
        (*one.names, *other.names), np.concatenate([one.nominal_ah, other.nominal_ah]), one.step_s,
        np.concatenate([one.cell, other.cell + len(one.names)]),
        np.concatenate([one.piece, other.piece + (one.piece.max() + 1 if len(one.piece) else 0)]),
        *(np.concatenate([getattr(one, name), getattr(other, name)])
          for name in ("voltage_v", "rate", "temperature_c", "moved", "capacity", "soc")),
    )  # fmt: skip


def pieces_of(
    points: Points, soc: np.ndarray, nominal_ah: float, step_s: float, capacity: np.ndarray
) -> list[Piece]:
    """A test's points as even series. soc (n,) share, NaN unknown; capacity (n,) as `Series` has it.

    A row's charge is known where both samples about it are; nothing later than a row decides it.
    """
    sound = np.isfinite(points.voltage_v) & np.isfinite(points.time_s)
    time = points.time_s[sound]
    if time.size < 2:
        return []
    voltage, current, warmth = (
        one[sound] for one in (points.voltage_v, np.nan_to_num(points.current_a), points.temperature_c)
    )
    flown, share, held = np.cumsum(points.moved_ah)[sound], soc[sound], capacity[sound]
    unsure = np.diff(np.cumsum(points.open_ah > OPEN_SHARE * nominal_ah)[sound]) > 0
    gaps = np.flatnonzero((np.diff(time) > max(GAP_S, 10 * step_s)) | unsure) + 1
    pieces = []
    for begin, end in zip([0, *gaps], [*gaps, time.size], strict=True):
        own = slice(begin, end)
        even = np.arange(time[begin], time[end - 1] + 1e-6, step_s)
        if even.size < 2:
            continue
        before = np.searchsorted(time[own], even, side="right") - 1
        charge = np.interp(even, time[own], flown[own])
        pieces.append(
            Piece(
                even,
                np.interp(even, time[own], voltage[own]),
                np.interp(even, time[own], current[own]) / nominal_ah,
                np.interp(even, time[own], warmth[own]),
                np.diff(charge, prepend=charge[0]) / nominal_ah,
                np.interp(even, time[own], share[own]),
                held[own][before],
            )
        )
    return pieces
