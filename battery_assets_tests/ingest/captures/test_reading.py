"""A file of captures becomes whole bursts; every row is in one, or in quarantine."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from battery_assets.errors import BadInput
from battery_assets.ingest.captures.layout import terms_of
from battery_assets.ingest.captures.reading import Capture, labels_of, read_capture
from battery_assets.learning.signals.bursts import CLASSES

PLAIN = {"sample_rate_hz": 12800, "system": "s1", "label": "sound"}


def samples(count: int = 8, **more) -> pl.DataFrame:
    """Rows of one burst."""
    return pl.DataFrame({"voltage_v": np.arange(count) + 320.0, "current_a": np.arange(count) / 10, **more})


def whole(captures) -> Capture:
    """What came of a file, together."""
    parts = list(captures)
    bursts = [one.bursts for one in parts if one.bursts.height]
    return Capture(
        parts[0].path, sum(one.rows_read for one in parts), pl.concat(bursts) if bursts else pl.DataFrame(),
        pl.concat([one.quarantine for one in parts]), parts[0].reason,
    )  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Writes a file, and reads it as captures."""

    def go(content: pl.DataFrame | bytes, name: str = "a.csv", **terms):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif name.endswith(".parquet"):
            content.write_parquet(path)
        else:
            content.write_csv(path)
        capture = whole(read_capture(path, name, terms_of({**PLAIN, **terms})))
        kept = int(capture.bursts["rows"].sum()) if capture.bursts.height else 0
        assert capture.rows_read == kept + capture.quarantine["rows"].sum(), "a row was lost"
        return capture

    return go


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_long_file_holds_many_bursts_with_what_it_says_of_each(read, ending):
    two = [samples(signal_id=[one] * 8, system=["x"] * 8, label=[label] * 8)
           for one, label in (("1", "sound"), ("2", "capacitor_loss+phase_unbalance"))]  # fmt: skip
    bursts = read(pl.concat(two), f"long.{ending}").bursts
    assert bursts.select("signal_id", "system", "string", "label").rows() == [
        ("1", "x", "x", "sound"), ("2", "x", "x", "capacitor_loss+phase_unbalance"),
    ]  # fmt: skip
    np.testing.assert_allclose(bursts["waveform_v"][1].to_numpy(), np.arange(8) + 320.0)


def test_a_file_without_names_of_bursts_is_one_and_its_path_says_the_rest(read):
    capture = read(samples(), "s7/a_open_diode_03.csv", names="{system}/{string}_{label}_{signal_id}")
    [row] = capture.bursts.select("signal_id", "system", "string", "sample_rate_hz").rows()
    assert row[:2] + row[3:] == ("03", "s7", 12800.0)


def test_units_names_and_separators_are_the_operators(read):
    text = b"U;I\n320000,5;1,5\n321000,0;1,6\n"
    terms = {"separator": ";", "decimal": ",", "rename": {"U": "voltage_v", "I": "current_a"},
             "units": {"voltage_v": "mV"}}  # fmt: skip
    assert read(text, **terms).bursts["waveform_v"][0].to_list() == pytest.approx([320.0005, 321.0])


def test_the_sampling_rate_is_found_in_the_time(read):
    assert (
        read(samples(time_s=np.arange(8) / 6400), sample_rate_hz=None).bursts["sample_rate_hz"][0] == 6400.0
    )


def test_without_a_sampling_rate_a_file_is_refused(read):
    capture = read(samples(), sample_rate_hz=None)
    assert capture.reason.startswith("NO_RATE") and "next step: say how fast" in capture.reason


@pytest.mark.parametrize("content", [b"", b"voltage_v,current_a\n"])
def test_an_empty_capture_is_refused(read, content):
    capture = read(content)
    assert capture.reason.split(":")[0] in ("EMPTY_FILE", "NO_ROWS")


def test_one_bad_sample_takes_its_burst_to_quarantine_and_no_other(read):
    text = b"signal_id,voltage_v,current_a\na,1,1\na,NaN,1\na,1,1\nb,1,1\nb,2,1\n"
    capture = read(text, units={})
    assert capture.bursts["signal_id"].to_list() == ["b"]
    told = {(row["reason"], row["rows"]) for row in capture.quarantine.to_dicts()}
    assert told == {("NON_FINITE", 1), ("INCOMPLETE_BURST", 2)}


def test_a_row_of_too_many_fields_belongs_to_the_burst_before_it(read):
    capture = read(b"signal_id,voltage_v,current_a\na,1,1\na,1,1,9\nb,1,1\nb,2,1\n")
    assert capture.bursts["signal_id"].to_list() == ["b"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (samples(time_s=[0, 1, 2, 3, 4, 5, 7, 8]), "UNEVEN_TIME"),
        (samples(time_s=[0, 1, 2, 3, 2, 3, 4, 5]), "UNEVEN_TIME"),
        (samples(system=["a"] * 4 + ["b"] * 4, signal_id=["1"] * 8).with_columns(system=pl.lit("x")), None),
        (samples(label=["sound"] * 4 + ["open_diode"] * 4), "MIXED_BURST"),
    ],
)
def test_a_burst_that_contradicts_itself_is_in_quarantine(read, rows, reason):
    capture = read(rows)
    assert capture.quarantine["reason"].to_list() == ([reason] if reason else [])


def test_nobody_knows_whose_burst_it_was(read):
    assert read(samples(), system=None).quarantine["reason"].to_list() == ["NULL_REQUIRED"]


@pytest.mark.parametrize("words", ["rust", "sound+open_diode", "capacitor_loss+rust"])
def test_a_label_that_is_none_is_refused_with_words(words):
    with pytest.raises(BadInput, match=r"next step: (one of|correct)"):
        labels_of(words, CLASSES, "f.csv")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"sample_rate_hz": -1}, "sample_rate_hz -1"), ({"pulses": 7}, "pulses 7"), ({"names": "plain"}, "each column once"),
        ({"names": "{wheel}"}, "names: wheel"), ({"wings": 2}, "unknown key 'wings'"),
    ],
)  # fmt: skip
def test_a_term_that_cannot_be_is_refused(terms, words):
    with pytest.raises(BadInput, match=words):
        terms_of(terms)


IN_A_CHILD = """
import re, sys
from pathlib import Path
from battery_assets.ingest.captures import reading
from battery_assets.ingest.captures.layout import terms_of
from battery_assets.ingest.files import unpacked

reading.ROWS_AT_ONCE, unpacked.BLOCK_BYTES = 50_000, 2 << 20
found = reading.read_capture(Path(sys.argv[1]), "a.csv", terms_of({"sample_rate_hz": 12800}))
rows = sum(int(one.bursts["rows"].sum()) for one in found if one.bursts.height)
# ru_maxrss begins at that of the process which forked this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], rows)
"""


def test_a_file_four_times_as_large_takes_no_more_memory(tmp_path):
    """A row as it is read has a hundred bytes and more: held, the larger file would take 75 MB beside."""
    peaks = []
    for rows in (250_000, 1_000_000):
        at = np.arange(rows)
        pl.DataFrame({
            "voltage_v": (320 + np.sin(at)).round(4), "current_a": np.cos(at).round(3),
            "signal_id": (at // 640).astype(str), "system": (at // 64_000).astype(str),
        }).with_columns(label=pl.lit("sound")).write_csv(tmp_path / "a.csv")  # fmt: skip
        command = [sys.executable, "-c", IN_A_CHILD, str(tmp_path / "a.csv")]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        peaks.append(int(told[0]) / 1024)
        assert int(told[1]) == rows
    assert peaks[1] - peaks[0] < 50, "of the 75 MB and more that the rows would take"
