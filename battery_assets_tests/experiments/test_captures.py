"""A burst of the fleet's recorders has the label that the rectifier had then, and sound ones of its own string."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets.errors import BadInput
from battery_assets.experiments.making import capturing
from battery_assets.experiments.making.capturing import _with_references, ask, named
from battery_assets.experiments.making.labels import LEAST_LOSS, _by_truth
from battery_assets.experiments.making.references import LEAST, REFERENCES
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.rectifier_faults import faults
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.experiments.test_datasets import rows

CONFIG = {"place": "bangrak", "seed": 5, "strings": 3, "interval_s": 300, "start": "2025-01"}


def test_a_capacitor_that_dries_is_a_fault_from_its_first_share_on_and_grows():
    site = SyntheticSite.from_config("bangrak", CONFIG)
    number, fault = next(
        (system, one) for system, all_ in enumerate(faults(site)) for one in all_ if one.kind == "capacitor"
    )
    string = layout(site).string_ids[layout(site).systems[number].strings[0]]
    first, last = (datetime.fromtimestamp(second, UTC) for second in (fault.begin_s, fault.end_s))
    shares = [-0.01, 0.001, 0.5, 0.999, 1.01]
    bursts = pl.DataFrame({
        "string_id": [string] * len(shares), "ts": [first + (last - first) * share for share in shares],
    }).with_columns(pl.col("ts").dt.cast_time_unit("us"))  # fmt: skip
    told = _by_truth("bangrak", CONFIG, bursts)
    lost = told["capacitance_lost"].to_list()
    assert lost[2] == pytest.approx(fault.level / 2, rel=1e-3)
    assert lost[3] == pytest.approx(fault.level * 0.999, rel=1e-3)
    has = ["capacitor_loss" in labels for labels in told["labels"]]
    assert has[1:4] == [share >= LEAST_LOSS for share in lost[1:4]]
    assert has[2:4] == [True, True]


def bursts(string: str, sound: int, faulty: int, length: int = 4) -> pl.DataFrame:
    """Bursts of a string, a day apart: the faulty ones first."""
    labels = [["open_diode"]] * faulty + [[]] * sound
    return pl.DataFrame(
        {
            "system": [string[0]] * len(labels),
            "string": [string] * len(labels),
            "ts": [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(len(labels))],
            "labels": labels,
            "waveform_v": [[0.0] * length] * len(labels),
            "waveform_hz": [12_800] * len(labels),
        },
        schema_overrides={"labels": pl.List(pl.String)},
    )


def test_the_first_sound_bursts_of_a_string_are_its_reference_and_no_faulty_one_is():
    rows, left_out = _with_references(pl.concat([bursts("a1", 14, 3), bursts("b1", LEAST - 1, 2)]))
    assert rows["string"].unique().to_list() == ["a1"]
    own = rows.filter("is_reference")
    assert own.height == REFERENCES
    assert own["labels"].list.len().sum() == 0
    assert left_out == {f"of strings with less than {LEAST} sound bursts": LEAST + 1}


def test_bursts_of_another_length_are_left_out_and_counted():
    rows, left_out = _with_references(pl.concat([bursts("a1", 12, 0), bursts("a1", 2, 0, length=9)]))
    assert rows.height == 12
    assert left_out == {"of another rate or length": 2}


def test_systems_of_two_sites_that_carry_one_code_are_two_systems():
    strings = pl.DataFrame({"string_id": ["x"], "string_code": ["R1-S1"], "system_id": ["r"]})
    systems = pl.DataFrame({"system_id": ["r"], "system_code": ["R1"], "rectifier_pulses": [12]})
    told = pl.concat([named(site, strings, systems) for site in ("hanoi", "hue")])
    assert told["system"].to_list() == ["hanoi-R1", "hue-R1"]
    assert told["string"].n_unique() == 2


@pytest.mark.parametrize(
    ("terms", "words"),
    [({"sites": [], "months": ["2025-01"]}, "needs sites and months"),
     ({"sites": ["atlantis"], "months": ["2025-01"]}, "atlantis: no site")],
)  # fmt: skip
def test_captures_of_no_site_are_refused(place, terms, words):
    with pytest.raises(BadInput, match=words):
        ask(place.warehouse, "never", terms)


def of_systems(count: int, sound: int = 12, faulty: int = 3) -> pl.DataFrame:
    """Labelled bursts of so many systems of one string, as a month of a site has them."""
    told = pl.concat([bursts(f"{chr(97 + k)}1", sound, faulty) for k in range(count)])
    return told.with_columns(
        signal_id=pl.concat_str("string", pl.int_range(pl.len()).cast(pl.String)), day=pl.int_range(pl.len()),
        month=pl.lit("2025-01"), pulses=pl.lit(6, pl.Int32), capacitance_lost=pl.lit(None, pl.Float64),
        phase_low=pl.lit(None, pl.Float64), waveform_a=pl.col("waveform_v"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("month", "words"),
    [
        (of_systems(1), "1 systems: training"),
        (of_systems(6, faulty=0), "no burst has a fault"),
        (of_systems(6, sound=LEAST - 1), "of strings with less than 5 sound bursts"),
        (pl.DataFrame(), "no burst can be used: none was recorded"),
        (of_systems(6).with_columns(waveform_v=pl.lit([0.0, float("nan"), 0.0, 0.0])), "no numbers"),
    ],
)
def test_captures_that_no_model_could_learn_from_end_the_job_and_leave_no_file(
    place, monkeypatch, month, words
):
    with place.warehouse.transaction() as connection:
        registry.put_site(connection, "unfit", FILES, {})
    monkeypatch.setattr(capturing, "_of_month", lambda *_: (month, {}))
    monkeypatch.setattr(type(place.warehouse.lake), "keep", lambda *_: pytest.fail("a file was kept"))
    name = f"unfit-{len(words)}-{month.height}"
    number = ask(place.warehouse, name, {"sites": ["unfit"], "months": ["2025-01"]})
    with pytest.raises(BadInput, match=words):
        capturing.make(place.warehouse, number, None, lambda _: None)
    [shown] = rows(place, f"SELECT status, error_message FROM dataset_job.jobs WHERE type = 'dataset_captures' "
                   f"AND parameters ->> 'name' = '{name}'")  # fmt: skip
    assert shown["status"] == "failed" and words.split(":")[0] in shown["error_message"]
    [made] = rows(
        place, f"SELECT num_signals, file_path, meta_data FROM experiments.datasets WHERE name = '{name}'"
    )
    assert (made["num_signals"], made["file_path"], made["meta_data"]["files"]) == (0, None, [])
