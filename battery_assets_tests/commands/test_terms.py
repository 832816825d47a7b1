"""Every term of a source of files can be given on the command line, is kept, obeyed and shown.

Generated from the terms' own lists: one that is added there and forgotten elsewhere fails here.
"""

import json
import os
from dataclasses import fields

import pytest
from click.testing import CliRunner

from battery_assets.actions.import_lab import land
from battery_assets.actions.terms import terms_of
from battery_assets.cli import main
from battery_assets.commands.import_lab import import_lab
from battery_assets.commands.lab import add as lab_add
from battery_assets.commands.terms import given_terms
from battery_assets.errors import UserError
from battery_assets.hosting.databases import running_database
from battery_assets.ingest.exports.contract import TERM_WORDS, SourceContract
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.lab.folder import cell_terms
from battery_assets.lab.terms import CONTRACT_TERMS, LAB_TERMS, TERMS, contract_of, term_of
from battery_assets.platform.landing import Landing
from battery_assets_tests.worlds.homes import fresh_home

# As text of the command line, and as the contract has it.
FLEET = {
    "timezone": ("Asia/Bangkok", "Asia/Bangkok"),
    "policy": ("strict", "strict"),
    "null_words": ("NA|-", ("NA", "-")),
    "extra_columns": ("refuse", "refuse"),
    "unordered": ("no", False),
    "rename": ("U:max:voltage_v|jar:battery_id", (("U:max", "voltage_v"), ("jar", "battery_id"))),
    "units": ("telemetry_jar_raw.temperature_c:degF|current_a:x6", (("current_a", "x6"), ("telemetry_jar_raw.temperature_c", "degF"))),
    "json_dialect": ("python-literal-ok", "python-literal-ok"),
    "separator": ("tab", "\t"),
    "decimal": (",", ","),
    "time_format": ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"),
    "comment": ("#", "#"),
    "final_newline": ("optional", "optional"),
    "positive_current": ("discharges", "discharges"),
    "bad_rows_limit": ("7", 7),
    "bad_share_limit": ("0.25", 0.25),
    "bad_share_refuse": ("0.75", 0.75),
    "max_unpacked_bytes": ("1000000", 1_000_000),
}  # fmt: skip
COLUMN = "U = f(t) [mV]=voltage_v:mV"
LAB = {
    "chemistry": ("LFP", "LFP"), "manufacturer": ("Acme", "Acme"), "model": ("A7", "A7"), "barcode": ("B-1", "B-1"),
    "nominal_capacity_ah": ("2.5", 2.5), "nominal_voltage_v": ("3.2", 3.2), "voltage_min_v": ("2", 2.0),
    "voltage_max_v": ("3.65", 3.65), "end_of_life_pct": ("70", 70.0), "pack": ("P1", "P1"), "cells_in_series": ("4", 4),
    "cells_in_parallel": ("2", 2), "cutoff_voltage_v": ("2.2", 2.2), "ambient_temperature_c": ("-5", -5.0),
    "equipment": ("Cycler", "Cycler"), "protocol_version": ("3", "3"), "started_at": ("2024-05-31T08:00", "2024-05-31T08:00"),
    "timezone": ("Europe/Oslo", "Europe/Oslo"), "policy": ("tolerant", "tolerant"),
    "current_sign": ("positive discharges", "positive discharges"), "time_scale": ("60", 60.0), "unordered": ("yes", True),
    "columns": (COLUMN, [["U = f(t) [mV]", "voltage_v", "mV"]]), "date_order": ("day first", "day first"),
}  # fmt: skip


@pytest.fixture(scope="module")
def home():
    before = dict(os.environ)
    with fresh_home() as settings, running_database(settings):
        yield settings
    os.environ.clear()
    os.environ.update(before)


def run(settings, *arguments: str) -> str:
    done = CliRunner().invoke(main, arguments, env={"BATTERY_HOME": str(settings.home)})
    assert done.exit_code == 0, done.output
    return done.output


def test_every_term_of_a_site_has_words_and_stands_here():
    names = [one.name for one in fields(SourceContract)]
    assert list(TERM_WORDS) == names
    assert FLEET.keys() == set(names)


def test_every_term_of_a_lab_has_words_and_stands_here():
    contract = {one.name for one in fields(LabContract)} - {"nominal_capacity_ah"}
    assert contract == CONTRACT_TERMS.keys()
    assert LAB.keys() == TERMS.keys()


@pytest.mark.parametrize("name", FLEET)
def test_a_term_of_a_site_is_read_from_the_command_line(name):
    text, value = FLEET[name]
    terms = terms_of((f"{name}={text}", *(("separator=;",) if name == "decimal" else ())), None)
    assert getattr(SourceContract.from_config(json.loads(json.dumps(terms))), name) == value


def test_all_terms_of_a_site_are_kept_shown_and_in_the_help(home):
    given = [f"--contract={name}={text}" for name, (text, _) in FLEET.items()]
    run(home, "site", "add", "cnx", "--source", "files", *given)
    shown = run(home, "site", "show", "cnx")
    lines = {line.split()[0]: line for line in shown.splitlines() if line.startswith("  ")}
    for name, (_, value) in FLEET.items():
        assert " given" in lines[name], name
        words = list(dict(value)) if name in ("rename", "units") else [value]
        assert all(repr(one)[1:-1] in lines[name] or json.dumps(one) in lines[name] for one in words), lines[
            name
        ]
    for command in (("import", "fleet"), ("site", "add")):
        told = run(home, *command, "--help")
        assert all(name in told for name in FLEET)
    run(home, "site", "add", "plain", "--source", "files")
    assert "policy                  tolerant                    default" in run(home, "site", "show", "plain")


def options_of(command) -> dict[str, str]:
    """Option of each term that has one of its own."""
    return {one.name: one.opts[0] for one in command.params if one.name in TERMS}


def arguments(command, names) -> list[str]:
    """The command line that gives these terms to a command, by an option of their own where they have one."""
    own, found = options_of(command), []
    for name in names:
        text = LAB[name][0]
        if name == "unordered":
            found.append("--unordered")
        else:
            found += [own[name], text] if name in own else ["--term", f"{name}={text}"]
    return found


@pytest.mark.parametrize("name", LAB)
def test_a_term_of_a_lab_is_read_from_text(name):
    text, value = LAB[name]
    assert term_of(name, text) == value
    assert given_terms({"others": (f"{name}={text}",)}) == {name: value}


@pytest.mark.parametrize("name", ["date_order", "columns", "time_scale", *CONTRACT_TERMS])
@pytest.mark.parametrize("command", [import_lab, lab_add])
def test_what_decides_how_files_are_read_has_an_option_of_its_own(command, name):
    assert name in options_of(command)


def test_all_terms_of_a_cell_come_from_options_into_its_folder_and_its_contract(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    file.write_text("1\n")
    context = import_lab.make_context("lab", [str(file), "--lab", "oslo", *arguments(import_lab, LAB)])
    options = {name: context.params[name] for name in (*options_of(import_lab), "others")}
    landing = Landing(folder=str(tmp_path / "landing"))
    folder = land(landing, "oslo", [(file, "C7/cycle_life/a.csv")], given_terms(options))
    told = cell_terms(folder / "C7")
    assert told == {name: value for name, (_, value) in LAB.items()}
    contract = contract_of(told)
    for name in CONTRACT_TERMS:
        value = LAB[name][1]
        assert getattr(contract, name) == (tuple(map(tuple, value)) if name == "columns" else value)


def test_all_terms_of_a_lab_are_kept_and_shown_with_those_of_its_cells(home, tmp_path):
    run(home, "lab", "add", "oslo", "--source", "files", *arguments(lab_add, LAB_TERMS))
    file = tmp_path / "a.csv"
    file.write_text("1\n")
    land(Landing(folder=home.landing), "oslo", [(file, "C7/cycle_life/a.csv")], {"barcode": "B-1"})
    (tmp_path / "broken").mkdir()
    land(Landing(folder=home.landing), "oslo", [(file, "C8/cycle_life/a.csv")], {})
    shown = run(home, "lab", "show", "oslo")
    of_lab, _, of_cell = shown.partition("\nC7:\n")
    lines = {line.split()[0]: line for line in of_lab.splitlines() if line.startswith("  ")}
    for name, (_, value) in LAB.items():
        if name not in LAB_TERMS:
            assert " not given" in lines[name], name
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        assert " given" in lines[name] and text in lines[name], lines[name]
    assert "barcode                 B-1                         cell.json" in of_cell
    assert "C8: says nothing of its own" in of_cell
    assert all(name in run(home, "import", "lab", "--help") for name in TERMS)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"columns": ("voltage",)}, "HEADING=WORD:UNIT"), ({"others": ("colour=red",)}, "'colour' is no term; known are"),
     ({"others": ("pack",)}, "--term 'pack' is not KEY=VALUE"), ({"others": ("time_scale=fast",)}, "expected a number"),
     ({"others": ("unordered=perhaps",)}, "expected true or false")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(options, words):
    with pytest.raises(UserError) as refused:
        given_terms(options)
    assert words in refused.value.message
    assert refused.value.next_step


def test_a_lab_has_no_term_of_one_cell(home):
    done = CliRunner().invoke(
        main,
        ("lab", "add", "odd", "--source", "files", "--term", "barcode=1"),
        env={"BATTERY_HOME": str(home.home)},
    )
    assert done.exit_code == 1
    assert "'barcode' is no term of a lab" in done.output
