"""What bursts say row by row, the string's ohms in the step of a load, and the pictures of both."""

import io
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.pictures import ripple as pictures
from battery_assets.features.pictures.parts import MOST_BYTES
from battery_assets.features.ripple.bursts import SCHEMA, burst_rows, bursts_in, findings, ohmic_step
from battery_assets.physics.rectifier import Bridge
from battery_assets_tests.worlds.recorded import START, STRING, burst, hours, lines

SOUND = lines(Bridge(unbalance=0.01))
DIODE = lines(Bridge(open_diode=True)).held_to(48)


def month() -> pl.DataFrame:
    """Eight days of a sound string, a morning with an open diode, and a stranger."""
    sound = [burst(SOUND, START + hours(24 * k), seed=k) for k in range(8)]
    fault = [burst(DIODE, START + hours(50 + k), dc_v=313.0, seed=20 + k) for k in range(2)]
    other = burst(SOUND, START + hours(51), string_id="s2", string_code="SYN-1-S2", seed=30)
    return pl.concat([*sound, *fault, other])


def told() -> pl.DataFrame:
    bursts = month()
    return burst_rows(bursts).join(bursts.drop("string_id"), on=["window_id", "ts"])


def test_every_burst_has_a_row_with_what_it_says():
    rows = burst_rows(month())
    assert dict(rows.schema) == SCHEMA
    assert rows.height == 11
    fault = rows.filter(pl.col("diagnosis") == "open_diode")
    assert fault["severity"].to_list() == pytest.approx([1 - 313 / 326.9] * 2, abs=0.002)
    assert rows.filter(pl.col("diagnosis") == "healthy").height == 9
    assert rows["string_ohm"].to_numpy() == pytest.approx(abs(STRING + 2j * np.pi * 300 * 20e-6), rel=0.1)


def test_bursts_that_cannot_be_read_are_left_out():
    short = month().head(1).with_columns(pl.col("waveform_v", "waveform_a").list.head(100))
    torn = month().head(1).with_columns(pl.col("waveform_a").list.head(2000))
    slow = month().head(1).with_columns(waveform_hz=pl.lit(1000, pl.Int32))
    assert burst_rows(pl.concat([short, torn, slow, month().tail(1)])).height == 1


def test_a_capture_without_waveforms_has_no_bursts():
    plain = pl.DataFrame({"ts": [START], "voltage_v": [326.0], "current_a": [0.0]})
    assert bursts_in(plain).height == 0
    assert bursts_in(plain).columns == bursts_in(month()).columns


def test_the_gravest_fault_is_shown_beside_a_sound_burst_of_the_same_string():
    worst, sound = pictures.picked(told())
    assert worst["diagnosis"] == "open_diode"
    assert sound["diagnosis"] == "healthy"
    assert sound["string_id"] == worst["string_id"]
    assert abs(sound["ts"] - worst["ts"]) < hours(24)
    assert pictures.picked(told().clear()) is None


def test_findings_count_bursts_by_string():
    rows = findings(told()).to_dicts()
    assert [(r["string_code"], r["diagnosis"], r["bursts"]) for r in rows] == [
        ("SYN-1-S1", "healthy", 8),
        ("SYN-1-S1", "open_diode", 2),
        ("SYN-1-S2", "healthy", 1),
    ]


def loaded(ohm: float, step_a: float = -90.0) -> tuple[np.ndarray, np.ndarray]:
    """A burst in which a load comes after 100 ms: ohmic at once, the rest of the voltage within a second."""
    row = burst(SOUND, dc_a=0.0).to_dicts()[0]
    since = np.arange(2624) / 12800 - 0.1
    on = since >= 0
    amps = np.array(row["waveform_a"]) + np.where(on, step_a, 0.0)
    volts = np.array(row["waveform_v"])
    return volts + np.where(on, step_a * ohm - 12 * (1 - np.exp(-since / 1.2)), 0.0), amps


@pytest.mark.parametrize("ohm", [0.111, 0.16])
def test_the_strings_ohms_are_in_the_step_of_a_load(ohm):
    at, volt, ampere = ohmic_step(*loaded(ohm), 12800)
    assert at / 12800 == pytest.approx(0.1, abs=0.002)
    assert ampere == pytest.approx(-90, abs=1)
    assert volt / ampere == pytest.approx(ohm, rel=0.03)


def test_a_burst_without_a_step_has_none():
    row = burst(SOUND).to_dicts()[0]
    assert ohmic_step(np.array(row["waveform_v"]), np.array(row["waveform_a"]), 12800) is None


def capture(with_step: bool = True) -> pl.DataFrame:
    rows = pl.DataFrame({
        "ts": [START + timedelta(seconds=0.1 * k) for k in range(101)],
        "voltage_v": np.where(np.arange(101) < 20, 326.0, 300.0), "current_a": np.where(np.arange(101) < 20, 0.0, -90),
    })  # fmt: skip
    volts, amps = loaded(0.111)
    at = START + timedelta(seconds=1.9)
    step = burst(SOUND, at).with_columns(
        waveform_v=pl.Series([volts.tolist()], dtype=pl.List(pl.Float32)),
        waveform_a=pl.Series([amps.tolist()], dtype=pl.List(pl.Float32)),
    )
    wanted = step.select("ts", "waveform_v", "waveform_a", "waveform_hz").head(int(with_step))
    return rows.with_columns(pl.col("ts").cast(wanted.schema["ts"])).join(wanted, on="ts", how="left")


PICTURES = {
    "fault": lambda: pictures.fault_picture(*pictures.picked(told())),
    "only sound": lambda: pictures.fault_picture(
        *pictures.picked(told().filter(pl.col("string_id") == "s2"))
    ),
    "load": lambda: pictures.load_picture(capture(), "SYN-1-S1: transfer_event"),
    "load without a step": lambda: pictures.load_picture(capture(with_step=False), "SYN-1-S1: equalize"),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES.keys())
def test_every_picture_is_a_small_png(draw):
    from PIL import Image

    picture = draw()
    assert len(picture) < MOST_BYTES
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert image.width >= 700
