"""A dataset of an operator's own captures: every row of every file is loaded, a duplicate, or in quarantine.

Files are read part by part, and each part is kept as it is read: memory holds one part, and an import which
was stopped goes on after the last whole file. What is read becomes signals, accounts and quarantine only when
all of it is there.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from battery_assets.errors import BadInput
from battery_assets.experiments.making import accounts, books
from battery_assets.experiments.making.files import FOLDER
from battery_assets.experiments.making.references import formed
from battery_assets.ingest.captures.layout import Terms, terms_of
from battery_assets.ingest.captures.reading import Capture, labels_of, read_capture, refused_bursts
from battery_assets.platform.jobs.work import Work, working
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import IMPORT

ENDINGS = (".csv", ".csv.gz", ".parquet")
# What is kept at once: so many files, or bursts of so many samples.
BATCH, PART_ROWS = 50, 2_000_000
LONGEST_NAME = 120
KEPT = (
    "signal_id", "system", "string", "day", "month", "pulses", "labels", "capacitance_lost", "phase_low",
    "is_reference", "waveform_v", "waveform_a", "waveform_hz",
)  # fmt: skip


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for an import. terms: folder, and those of ingest/captures. Returns the job's number.

    Raises BadInput for terms that cannot be, and for a folder without captures.
    """
    stated = dict(terms)
    folder = Path(str(stated.pop("folder", ""))).expanduser()
    terms_read = terms_of(stated)
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder; next step: name the folder of the captures")
    files = listed(folder)
    if not files:
        raise BadInput(f"{folder} holds no {', '.join(ENDINGS)}; next step: put captures there")
    for file in files:
        terms_read.of_path(file["path"])
    facts = {"folder": str(folder.resolve()), "terms": stated, "files": files}
    return books.ask(warehouse, IMPORT, name, facts, len(files), f"{len(files)} files of {folder}")


def listed(folder: Path) -> list[dict[str, Any]]:
    """Captures of a folder: path, sha256, bytes. Raises BadInput for a link that leaves the folder."""
    home, paths = folder.resolve(), []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or not name.lower().endswith(ENDINGS):
                continue
            if not path.resolve().is_relative_to(home):
                raise BadInput(f"{path} leads out of {folder}; next step: put the file itself there")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            shown = path.relative_to(folder).as_posix()
            paths.append({"path": shown, "sha256": digest, "bytes": path.stat().st_size})
    return sorted(paths, key=lambda one: one["path"])


def make(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Carry out an import. Returns what it came to: files, rows by fate, and whether it was stopped.

    Raises BadInput for captures that cannot be; nothing of them is kept then.
    """
    with working(warehouse.database_url, number, dagster_run) as work:
        name = work.facts["name"]
        try:
            parts = _staged(warehouse, work)
            if work.stopping:
                return {"files": 0, "stopped": True}
            made = _entered(warehouse, work, parts)
        except BadInput:
            accounts.unstage(warehouse, name)
            raise
        accounts.unstage(warehouse, name)
        say(f"{made['files']} files of {made['systems']} systems, {made['rows_loaded']} rows loaded")
        return made


def _entered(warehouse: Warehouse, work: Work, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the dataset of what was read, and enter the fate of each row. Returns what it came to."""
    name = work.facts["name"]
    bursts, quarantine, read = accounts.staged(warehouse, parts)
    rows = _settled(bursts)
    left = rows.filter(pl.col("why").is_not_null(), pl.col("why") != "duplicate")
    quarantine = pl.concat([quarantine, refused_bursts(left)])
    signals = rows.filter(pl.col("why").is_null())
    if signals.is_empty():
        raise BadInput(f"no burst can be used: {_why(quarantine, read)}; next step: correct the captures")
    _refuse_unfit(signals)
    files = _kept(warehouse, name, parts, signals)
    fates = accounts.put(warehouse, name, work.facts["files"], read, rows, quarantine)
    meta = {
        "files": files, "simulated": False, "rows": fates,
        "samples": int(signals["samples"][0]), "sample_rate": float(signals["waveform_hz"][0]),
    }  # fmt: skip
    books.change(warehouse, name, file_path=f"{FOLDER}/dataset={name}", meta_data=meta)
    return {"files": len(files), "systems": signals["system"].n_unique(), "stopped": False, **fates}


def _kept(warehouse: Warehouse, name: str, parts: list[dict[str, Any]], signals: pl.DataFrame) -> list[str]:
    """Write the files of a dataset, a part at a time, and of each part a file for each system."""
    order = signals.with_row_index("turn")
    files: list[tuple[str, int, str]] = []
    for place, part in enumerate(parts):
        mine = order.filter(pl.col("part") == place)
        if mine.is_empty():
            continue
        waves = (
            warehouse.capture(part["bursts"]).with_row_index("row").select("row", "waveform_v", "waveform_a")
        )
        joined = mine.join(waves, on="row").sort("turn")
        for (system,), rows in joined.partition_by("system", as_dict=True, maintain_order=True).items():
            url = warehouse.lake.keep(f"{FOLDER}/dataset={name}/{len(files):05d}", rows.select(KEPT))
            files.append((str(system), int(rows["turn"][0]), url))
    return [url for _, _, url in sorted(files, key=lambda one: one[:2])]


def _staged(warehouse: Warehouse, work: Work) -> list[dict[str, Any]]:
    """Read the files that were not read yet, part by part. Returns where each part is kept.

    A part has `done`: so many files are whole with it. What a file left that was not read to its end is
    read again.
    """
    facts, name = work.facts, work.facts["name"]
    terms, files = terms_of(facts["terms"]), facts["files"]
    parts = list((books.dataset(warehouse, name).meta_data or {}).get("staged") or [])
    done = next((one["done"] for one in reversed(parts) if one.get("done")), 0)
    while parts and not parts[-1].get("done"):
        parts.pop()
    if parts:
        work.say(f"{done} files were read already")
    waiting: list[Capture] = []

    def put(whole: int) -> bool:
        """Keep what waits. Returns whether the job is to end."""
        where = accounts.stage(warehouse, f"{FOLDER}/dataset={name}/staged-{len(parts):05d}", waiting)
        parts.append({**where, "done": whole})
        waiting.clear()
        books.change(warehouse, name, meta_data={"staged": parts})
        return work.report(max(one["done"] for one in parts), len(files))

    for place in range(done, len(files)):
        for capture in _read(Path(facts["folder"]), files[place], terms):
            waiting.append(capture)
            if sum(map(_rows, waiting)) >= PART_ROWS and put(0):
                return parts
        last = place + 1 == len(files)
        if (last or len({one.path for one in waiting}) >= BATCH) and put(place + 1):
            return parts
    return parts


def _rows(capture: Capture) -> int:
    """How many samples its bursts have."""
    return int(capture.bursts["rows"].sum()) if capture.bursts.height else 0


def _read(folder: Path, file: dict[str, Any], terms: Terms) -> Iterator[Capture]:
    """Read a file, some bursts at a time; one that is another by now ends the import. Raises BadInput."""
    from battery_assets.learning.signals.bursts import CLASSES

    path = folder / file["path"]
    if not path.is_file() or path.stat().st_size != file["bytes"]:
        raise BadInput(
            f"{file['path']} is not what it was when the import was asked for; next step: ask again"
        )
    for capture in read_capture(path, file["path"], terms):
        if capture.bursts.is_empty():
            yield capture
            continue
        named = {one: labels_of(one, CLASSES, file["path"]) for one in capture.bursts["label"].unique()}
        labels = [named[one] for one in capture.bursts["label"]]
        labelled = capture.bursts.with_columns(labels=pl.Series(labels, dtype=pl.List(pl.String)))
        yield Capture(capture.path, capture.rows_read, labelled, capture.quarantine, capture.reason)


def _settled(bursts: pl.DataFrame) -> pl.DataFrame:
    """All bursts in order of time, with `why` one stands in no dataset: its code, `duplicate`, or null."""
    if bursts.is_empty():
        return bursts.with_columns(why=pl.lit(None, pl.String))
    whose = ["system", "string", "signal_id"]
    ordered = bursts.sort("system", "string", "taken_at", maintain_order=True, nulls_last=True)
    again = pl.struct(*whose, "content").is_first_distinct().not_()
    judged = ordered.with_columns(why=pl.when(again).then(pl.lit("duplicate")))
    once, twice = judged.filter(pl.col("why").is_null()), judged.filter(pl.col("why").is_not_null())
    alone = pl.len().over(whose) == 1
    clash = once.filter(~alone).with_columns(why=pl.lit("CONFLICTING_DUPLICATE"))
    good = once.filter(alone)
    day, taken = pl.col("taken_at").dt.date().dt.epoch("d"), pl.col("taken_at")
    good = good.with_columns(
        day=day.fill_null(pl.int_range(pl.len()).over("string")).cast(pl.Int64),
        month=taken.dt.strftime("%Y-%m"), capacitance_lost=pl.lit(None, pl.Float64),
        phase_low=pl.lit(None, pl.Float64), waveform_hz=pl.col("sample_rate_hz"),
        pulses=pl.col("pulses").cast(pl.Int32),
    )  # fmt: skip
    good = formed(good.drop("why")) if good.height else good
    if good["signal_id"].n_unique() < good.height:
        good = good.with_columns(signal_id=pl.concat_str("string", "signal_id", separator="-"))
    longest = good.select(pl.max_horizontal(pl.col(whose).str.len_chars()).max()).item() or 0
    if longest > LONGEST_NAME:
        raise BadInput(f"a name of {longest} characters; next step: at most {LONGEST_NAME}")
    return pl.concat([good, clash, twice], how="diagonal_relaxed")


def _refuse_unfit(signals: pl.DataFrame) -> None:
    """Refuse what no model could read: too slow or too short for a line of the mains, too few systems."""
    from battery_assets.features.ripple.spectrum import LEAST_RATE_HZ, MAINS_HZ
    from battery_assets.learning.signals.bursts import RIPPLE, refuse_few

    count, rate = int(signals["samples"][0]), float(signals["waveform_hz"][0])
    if rate < LEAST_RATE_HZ or count < rate / MAINS_HZ:
        raise BadInput(
            f"bursts of {count} samples at {rate:g} Hz; next step: one mains cycle at 6.4 kHz or more"
        )
    refuse_few(signals["system"].n_unique(), RIPPLE, faults=bool(signals["labels"].list.len().sum()))


def _why(quarantine: pl.DataFrame, read: list[dict[str, Any]]) -> str:
    """The commonest reasons, and the first refusal in words."""
    counts = Counter[str]()
    for reason, rows in quarantine.select("reason", "rows").iter_rows():
        counts[reason] += rows
    reasons = ", ".join(f"{reason} ({rows:,} rows)" for reason, rows in counts.most_common(3))
    first = next((f"{one['path']}: {one['reason']}" for one in read if one["reason"]), "")
    return "; first: ".join(filter(None, [reasons, first.partition("; next step")[0]]))
