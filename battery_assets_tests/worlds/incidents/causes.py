"""Which cause incidents are given, and which the generator knows: a confusion matrix over small sites.

`python -m battery_assets_tests.worlds.incidents.causes` prints the matrix and writes it into the page of figures.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.incidents.fault_months import (
    EARLY,
    LATE,
    WORN_DAYS,
    Truth,
    ends_with_order,
    remaining_days,
    small_site,
    true_ends,
    truths,
    worked,
)

SEEDS = range(100, 106)
MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "figures.md"
MARKS = "<!-- incident_causes -->", "<!-- /incident_causes -->"
WEAR = ("DRY-OUT", "JAR-AGEING", "WEAK-JAR", "LOW-FLOAT", "STRING-AGED")
# What a fault may be called; the first is its own name.
CAUSES_OF = {
    "strap": ("OPEN-WELD",),
    "cell_short": ("CELL-SHORT",),
    "partial_short": ("CELL-SHORT",),
    "thermal_runaway": ("THERMAL-RUNAWAY",),
    "overcharge": ("CHARGER-HIGH", "THERMAL-RUNAWAY", "HOT-JAR", "FLOAT-CURRENT"),
    "capacitor": ("RECTIFIER-FILTER",),
    "unbalance": ("RECTIFIER-FILTER",),
    "open_diode": ("RECTIFIER-FILTER",),
    "hvac": ("HVAC",),
    "stuck_sensor": ("DATA-QUALITY",),
    "corrosion": WEAR,
    "dry_out": WEAR,
    "sulfation": WEAR,
    "worn string": ("STRING-AGED",),
}
_KINDS = {"jar": ("jar",), "string": ("heat", "charger"), "system": ("ripple", "charge"),
          "place": ("room",), "data": ("data",)}  # fmt: skip
Pair = tuple[str, str]


@dataclass
class Judged:
    """What became of faults: truth and code of each, and of every incident that none explains.

    more: incidents beyond the first of a fault. orders, ends, found: work orders, true ends of jars in
    service, and those of them that had an order, or their string had, before five days after their end.
    """

    pairs: Counter[Pair] = field(default_factory=Counter)
    more: int = 0
    orders: int = 0
    ends: int = 0
    found: int = 0

    def add(self, other: "Judged") -> None:
        """Add what became of another site's faults."""
        self.pairs.update(other.pairs)
        for name in ("more", "orders", "ends", "found"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def judged(site: SyntheticSite, months: Sequence[str]) -> Judged:
    """What became of a site's faults in consecutive months."""
    done = worked(site, months)
    rows, pairs, more = done.incidents, [], 0
    mine: set[str] = set()
    for truth in truths(site, months):
        own = _of(truth, rows)
        mine |= set(own["incident_id"])
        more += max(own.height - 1, 0)
        pairs.append((truth.name, own["rca_code"][0] if own.height else "none"))
    rest = rows.filter(~pl.col("incident_id").is_in(list(mine)))
    ends = true_ends(site, months)
    found = len(ends_with_order(done, site, ends))
    counts = Counter([*pairs, *_of_wear(site, rest)])
    return Judged(counts, more, done.orders.height, len(ends), found)


def _of(truth: Truth, rows: pl.DataFrame) -> pl.DataFrame:
    """The incidents that are a fault's own, the gravest first."""
    kind, unit = truth.unit.split("|")
    names = [f"{one}|{unit}" for one in _KINDS[kind]]
    during = (pl.col("created_at") >= truth.begin - EARLY) & (pl.col("created_at") <= truth.end + LATE)
    # A jar that was worn before it broke has its incident already.
    known = (pl.col("created_at") < truth.begin) & (pl.col("last_alert_at") >= truth.begin)
    own = rows.filter(pl.col("fault").is_in(names) & (during | known))
    order = pl.col("severity").cast(pl.Enum(["critical", "high", "medium", "low"]))
    return own.sort(order, "created_at")


def _of_wear(site: SyntheticSite, rows: pl.DataFrame) -> Iterator[Pair]:
    """What wears the jars of incidents that no sudden fault explains; "sound" where none is near its end."""
    for row in rows.iter_rows(named=True):
        left = remaining_days(site, row["last_alert_at"] or row["created_at"])
        worn = {jar: mechanism for jar, (mechanism, days) in left.items() if days < WORN_DAYS}
        if row["fault"].startswith("aged|"):
            yield ("worn string" if worn else "sound"), row["rca_code"]
        elif row["battery_id"]:
            yield worn.get(row["battery_id"], "sound"), row["rca_code"]
        else:
            yield "nothing", row["rca_code"]


def matrix(seeds: Iterable[int] = SEEDS, months: Sequence[str] = MONTHS) -> Judged:
    """What became of the faults of many small sites."""
    total = Judged()
    for seed in seeds:
        total.add(judged(small_site(seed), months))
    return total


def table(of: Judged) -> str:
    """The matrix in Markdown; the last column is the share of a truth that was named rightly."""
    counts = of.pairs
    codes = [*sorted({code for _, code in counts} - {"none"}), "none"]
    names = [*(name for name in CAUSES_OF if any(truth == name for truth, _ in counts)), "sound", "nothing"]
    lines = ["| truth | " + " | ".join(codes) + " | right |", "|---" * (len(codes) + 2) + "|"]
    for name in names:
        row = [counts[name, code] for code in codes]
        right = sum(counts[name, code] for code in CAUSES_OF.get(name, ()))
        share = f"{right} of {sum(row)}" if name in CAUSES_OF else "-"
        lines.append(f"| {name} | " + " | ".join(str(n or "") for n in row) + f" | {share} |")
    precise = [
        f"{_right(counts, code)} of {sum(counts[name, code] for name in names)}" for code in codes[:-1]
    ]
    lines.append("| *right of those named so* | " + " | ".join(precise) + " | | |")
    lines.append(
        f"\nIncidents beyond the first of one fault: {of.more}. Work orders: {of.orders} for {of.ends} true ends "
        f"of jars in service, of which {of.found} had one in time."
    )
    return "\n".join(lines)


def _right(counts: Counter[Pair], code: str) -> int:
    return sum(
        count for (name, given), count in counts.items() if given == code and code in CAUSES_OF.get(name, ())
    )


def write(text: str, page: Path = PAGE) -> None:
    """Put the table between its marks on the page of figures."""
    whole = page.read_text(encoding="utf-8")
    before, after = whole.split(MARKS[0])[0], whole.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    made = table(matrix())
    sys.stdout.write(made + "\n")
    write(made)
