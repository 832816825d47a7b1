"""An operator's captures become a dataset; every row of every file has a fate, and bad input leaves nothing."""

from pathlib import Path

import polars as pl
import pytest

from battery_assets.errors import BadInput
from battery_assets.experiments.making import accounts, books, importing
from battery_assets.experiments.making.files import read
from battery_assets.ingest.captures import reading
from battery_assets.platform.jobs import core
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts
from battery_assets_tests.experiments.test_datasets import rows

SAMPLES, SYSTEMS = 640, 6
TERMS = {"sample_rate_hz": 12800}


@pytest.fixture(scope="module")
def systems():
    """Long frames of bursts, one of each system: six sound ones, then others."""
    campaign = Campaign(systems=SYSTEMS, references=6, sound=2, each_fault=1, mixed=0, seed=4)
    return [_long(one) for one in system_bursts(campaign)]


def _long(bursts) -> pl.DataFrame:
    frames = [
        pl.DataFrame({"voltage_v": volts[:SAMPLES], "current_a": amps[:SAMPLES]}).with_columns(
            signal_id=pl.lit(f"{place:02d}"), system=pl.lit(f"s{bursts.system}"), pulses=pl.lit(bursts.pulses),
            label=pl.lit("+".join(labels) or "sound"),
        )
        for place, (volts, amps, labels) in enumerate(zip(bursts.volts, bursts.amps, bursts.labels, strict=True))
    ]  # fmt: skip
    return pl.concat(frames)


def _files(place, name: str) -> list[str]:
    """Paths in the lake of all files of a dataset."""
    lake = Path(place.warehouse.lake_url)
    return sorted(path.relative_to(lake).as_posix() for path in lake.glob(f"signals/dataset={name}/*"))


@pytest.fixture
def folder(tmp_path, systems):
    """A folder with a file of each system, the last one as Parquet."""
    for place, frame in enumerate(systems[:-1]):
        frame.write_csv(tmp_path / f"s{place}.csv")
    systems[-1].write_parquet(tmp_path / f"s{SYSTEMS - 1}.parquet")
    return tmp_path


def test_what_an_operator_recorded_becomes_a_dataset_with_balanced_rows(place, folder, systems):
    again = systems[0].filter(pl.col("signal_id") == "03")
    broken = systems[1].filter(pl.col("signal_id") == "07").with_columns(signal_id=pl.lit("99"))
    broken = broken.with_columns(
        voltage_v=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise("voltage_v")
    )
    pl.concat([again, broken]).write_csv(folder / "zz.csv")
    (folder / "empty.csv").write_bytes(b"")
    assert place.run("dataset", "own", kind="dataset_import", terms={"folder": str(folder), **TERMS}).success
    [made] = rows(place, "SELECT * FROM experiments.datasets WHERE name = 'own'")
    bursts = sum(frame["signal_id"].n_unique() for frame in systems)
    assert made["num_signals"] == bursts
    assert made["meta_data"]["rows"] == {
        "rows_read": (bursts + 2) * SAMPLES, "rows_loaded": bursts * SAMPLES, "rows_quarantined": SAMPLES,
        "rows_exact_duplicate": SAMPLES,
    }  # fmt: skip
    assert _files(place, "own") == sorted(made["meta_data"]["files"]), "what was read on the way is gone"
    told = {one["path"]: one for one in accounts.of_dataset(place.warehouse, "own")}
    assert told["empty.csv"]["reason"].startswith("EMPTY_FILE")
    assert told["zz.csv"]["rows_exact_duplicate"] == SAMPLES
    bad = rows(place, "SELECT reason, rows FROM experiments.import_quarantine ORDER BY rows")
    assert [(one["reason"], one["rows"]) for one in bad] == [
        ("EMPTY_FILE", 0), ("NULL_REQUIRED", 1), ("INCOMPLETE_BURST", SAMPLES - 1)
    ]  # fmt: skip
    [shown] = rows(place, "SELECT * FROM experiments.dataset_imports WHERE name = 'own'")
    assert (shown["status"], shown["num_files"], shown["num_signals"]) == ("completed", SYSTEMS + 2, bursts)
    real = rows(
        place,
        f"SELECT DISTINCT is_simulated, severity FROM experiments.signals WHERE dataset_id = {made['id']}",
    )
    assert {one["is_simulated"] for one in real} == {False}
    assert {one["severity"] for one in real} == {"", "severe"}, (
        "nobody knows how much of a capacitor was lost"
    )


def test_a_file_a_burst_says_by_its_path_what_it_is(place, tmp_path, systems):
    for frame in systems:
        for (signal,), burst in frame.group_by("signal_id"):
            label, system = burst["label"][0], burst["system"][0]
            (tmp_path / system).mkdir(exist_ok=True)
            burst.select("voltage_v", "current_a", "pulses").write_csv(
                tmp_path / system / f"{label}-{signal}.csv"
            )
    terms = {"folder": str(tmp_path), "names": "{system}/{label}-{signal_id}", **TERMS}
    number = importing.ask(place.warehouse, "paths", terms)
    made = importing.make(place.warehouse, number, None, lambda _: None)
    assert made["systems"] == SYSTEMS
    assert made["rows_loaded"] == made["rows_read"] == sum(frame.height for frame in systems)


def test_an_import_that_was_stopped_goes_on_after_what_it_read(place, folder, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    terms = {"folder": str(folder), **TERMS}
    number, kept = importing.ask(place.warehouse, "halved-import", terms), books.change

    def stopping(warehouse, name, **values):
        kept(warehouse, name, **values)
        if len(values["meta_data"].get("staged", ())) == 2:
            with warehouse.transaction() as connection:
                core.stop(connection, number)

    monkeypatch.setattr(books, "change", stopping)
    assert importing.make(place.warehouse, number, None, lambda _: None)["stopped"]
    assert not accounts.of_dataset(place.warehouse, "halved-import")
    [shown] = rows(place, f"SELECT status FROM experiments.dataset_imports WHERE id = {number}")
    assert shown["status"] == "cancelled"
    monkeypatch.setattr(books, "change", kept)
    again = importing.ask(place.warehouse, "halved-import", terms)
    assert importing.make(place.warehouse, again, None, lambda _: None)["files"] == SYSTEMS
    said = rows(place, f"SELECT message FROM service.job_log WHERE job_id = {again}")
    assert [one["message"] for one in said] == ["4 files were read already"]


def _without(what: str):
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return {
            "references": lambda: frame.filter(pl.col("label") != "sound"),
            "systems": lambda: frame.with_columns(system=pl.lit("the one")),
            "labels": lambda: frame.with_columns(label=pl.lit("rust")),
            "values": lambda: frame.with_columns(voltage_v=pl.lit(float("nan"))),
            "nothing": lambda: frame,
        }[what]()  # fmt: skip

    return change


@pytest.mark.parametrize(
    ("what", "terms", "words"),
    [
        ("nothing", {}, "NO_RATE"),
        ("references", TERMS, "NO_REFERENCE"),
        ("systems", TERMS, "need five at least"),
        ("labels", TERMS, "unknown label rust"),
        ("values", TERMS, "NON_FINITE"),
        ("nothing", {"sample_rate_hz": 3000}, "6.4 kHz"),
    ],
)
def test_captures_that_cannot_be_leave_a_failed_job_and_nothing_else(
    place, tmp_path, systems, what, terms, words
):
    name = f"never-{what}-{len(terms)}-{terms.get('sample_rate_hz', 0)}"
    for number, frame in enumerate(systems):
        named = (
            frame
            if what != "systems"
            else frame.with_columns(signal_id=pl.format("{}-{}", pl.lit(number), "signal_id"))
        )
        _without(what)(named).write_csv(tmp_path / f"s{number}.csv")
    number = importing.ask(place.warehouse, name, {"folder": str(tmp_path), **terms})
    with pytest.raises(BadInput, match=words):
        importing.make(place.warehouse, number, None, lambda _: None)
    [shown] = rows(place, f"SELECT * FROM experiments.dataset_imports WHERE id = {number}")
    assert shown["status"] == "failed" and words in shown["reason"]
    assert shown["num_signals"] == 0 and not accounts.of_dataset(place.warehouse, name)
    assert not _files(place, name), "no second copy of what was refused"


def test_what_failed_may_be_imported_again_with_other_terms(place, folder):
    number = importing.ask(place.warehouse, "second-try", {"folder": str(folder)})
    with pytest.raises(BadInput, match="NO_RATE"):
        importing.make(place.warehouse, number, None, lambda _: None)
    number = importing.ask(place.warehouse, "second-try", {"folder": str(folder), **TERMS})
    assert importing.make(place.warehouse, number, None, lambda _: None)["files"] == SYSTEMS


@pytest.mark.parametrize(
    ("terms", "words"),
    [({"folder": "/nowhere"}, "is no folder"), ({}, "holds no .csv"), ({"wings": 2}, "unknown key 'wings'")],
)
def test_an_import_that_cannot_be_is_refused_at_once(place, tmp_path, terms, words):
    with pytest.raises(BadInput, match=words):
        importing.ask(place.warehouse, "never", {"folder": str(tmp_path), **terms})
    assert not rows(place, "SELECT 1 FROM experiments.datasets WHERE name = 'never'")


def test_a_link_out_of_the_folder_is_refused(place, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.csv").write_text("voltage_v,current_a\n1,1\n")
    (tmp_path / "in" / "a.csv").symlink_to(tmp_path / "out.csv")
    with pytest.raises(BadInput, match="leads out of"):
        importing.ask(place.warehouse, "never", {"folder": str(tmp_path / "in")})


def test_bursts_that_lie_among_each_other_are_put_together(place, tmp_path, systems, monkeypatch):
    """Sample by sample of all systems at once, in pieces and parts that hold less than one burst of each."""
    monkeypatch.setattr(importing, "PART_ROWS", 2 * SAMPLES)
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", SAMPLES)
    mixed = pl.concat([frame.with_row_index("place") for frame in systems]).sort("place", "system")
    mixed.drop("place").write_csv(tmp_path / "all.csv")
    parts, stage = [], accounts.stage

    def seen(warehouse, name, captures):
        parts.append(sum(int(one.bursts["rows"].sum()) for one in captures if one.bursts.height))
        return stage(warehouse, name, captures)

    monkeypatch.setattr(accounts, "stage", seen)
    number = importing.ask(place.warehouse, "among", {"folder": str(tmp_path), **TERMS})
    made = importing.make(place.warehouse, number, None, lambda _: None)
    assert made["rows_loaded"] == mixed.height and made["systems"] == SYSTEMS
    assert max(parts) <= 3 * SAMPLES and len(parts) > SYSTEMS, "memory holds a part"
    [row] = rows(place, "SELECT meta_data FROM experiments.datasets WHERE name = 'among'")
    kept = read(place.warehouse, row["meta_data"]["files"])
    one = kept.filter(system="s3", signal_id="s3-05")
    true = systems[3].filter(pl.col("signal_id") == "05")["voltage_v"].to_numpy()
    assert one["waveform_v"][0].to_numpy() == pytest.approx(true, abs=1e-4)
