"""What became of every file of a folder, as a Markdown table.

`python -m battery_assets.ingest.lab.file_table FOLDER ...` prints it.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import TRUSTING_NOTHING, read
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.reconcile.current_sign import REST_SHARE
from battery_assets.ingest.lab.reconcile.integrals import flow_of, in_and_out

COLUMNS = (
    "file", "format", "rows = loaded + quarantined + duplicates", "cycles",
    "charged Ah (counter)", "discharged Ah (counter)", "current", "verdict",
)  # fmt: skip
_NO_DATA = ("LICENSE", "README")


def files(folders: Iterable[Path]) -> list[Path]:
    """The files below these folders, in order, without licences and read-me files."""
    paths: list[Path] = []
    for folder in folders:
        inside = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
        paths += [path for path in inside if not path.name.startswith(_NO_DATA)]
    return paths


def row(path: Path, contract: LabContract = TRUSTING_NOTHING) -> tuple[str, ...]:
    """One file's line of the table, in the order of COLUMNS."""
    try:
        one = read(path, contract)
    except FileRefused as refusal:
        rows = getattr(refusal, "rows_read", None)
        detail = getattr(refusal, "found", refusal.detail)
        return (
            path.name,
            "",
            "" if rows is None else f"{rows:,}",
            "",
            "",
            "",
            "",
            f"refused, {refusal.reason}: {detail[:90]}",
        )
    return (path.name, one.source.reader, _books(one), _text(one.cycles), *_charges(one), "loaded")


def _books(one: Reading) -> str:
    return (
        f"{one.rows_read:,} = {one.rows_loaded:,} + {one.rows_quarantined:,} + {one.rows_exact_duplicate:,}"
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _charges(one: Reading) -> tuple[str, str, str]:
    """Charge and discharge by our integration (the cycler's counters), and the signs of the current."""
    if one.curves.height:
        lowest = one.curves["voltage_v"] == one.curves["voltage_v"].min()
        last = one.curves.filter(lowest)["discharge_ah"]
        low, high = cast(float, last.min()), cast(float, last.max())
        return "", f"cycles {low:.4f} to {high:.4f}", ""
    texts, flow = [], flow_of(one.points)
    for name, integral in zip(("charge_ah", "discharge_ah"), in_and_out(flow.ah, flow), strict=True):
        counted = one.points[name][-1]
        texts.append(f"{abs(integral.ah):.4g} ({'none' if counted is None else f'{counted:.4g}'})")
    current = one.points["current_a"]
    rest = REST_SHARE * float(current.abs().max() or 0.0)  # type: ignore[arg-type]
    signs = [
        word
        for word, there in (("charge +", (current > rest).any()), ("discharge -", (current < -rest).any()))
        if there
    ]
    return texts[0], texts[1], ", ".join(signs) or "none"


def markdown(paths: Sequence[Path], contract: LabContract = TRUSTING_NOTHING) -> str:
    """The table of these files."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for path in paths:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row(path, contract)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(files(map(Path, sys.argv[1:]))))
