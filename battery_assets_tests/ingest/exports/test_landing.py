"""Which files of a landing folder belong to which table."""

import hashlib
from datetime import UTC

import pytest

from battery_assets.ingest.exports.landing import landing_files
from battery_assets_tests.worlds.readings import good


def named(tmp_path, *names):
    for name in names:
        path = tmp_path / "bkk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(good(1))
    found, problems = landing_files(tmp_path, "bkk")
    tables = {str(file.path.relative_to(tmp_path / "bkk")): file.table for file in found}
    return tables, {problem.path.name: problem.reason for problem in problems}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("battery.csv", "battery"),
        ("battery_model.csv", "battery_model"),
        ("battery_2026-11.csv.gz", "battery"),
        ("battery_system-2.parquet", "battery_system"),
        ("telemetry_jar_raw_2026-11.parquet", "telemetry_jar_raw"),
        ("telemetry_jar_raw/anything.csv.gz", "telemetry_jar_raw"),
        ("telemetry_jar_raw/2026/11/part-0.parquet", "telemetry_jar_raw"),
        ("Telemetry.CSV", None),
        ("battery_sistem.csv", None),
        ("batteries.csv", None),
        ("unknown/battery_id.csv", None),
    ],
)
def test_a_name_belongs_to_the_longest_table_it_begins_with(tmp_path, name, table):
    tables, problems = named(tmp_path, name)
    assert list(tables.values()) == ([table] if table else [])
    assert list(problems.values()) == ([] if table else ["UNKNOWN_TABLE"])


def test_unfinished_and_hidden_files_wait(tmp_path):
    assert named(tmp_path, "battery.csv.part", "battery.csv.tmp", ".battery.csv", ".new/battery.csv") == (
        {},
        {},
    )


def test_a_file_in_a_foreign_format_is_named(tmp_path):
    assert named(tmp_path, "battery.xlsx")[1] == {"battery.xlsx": "UNKNOWN_FORMAT"}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(good(1))
    (tmp_path / "bkk").mkdir()
    (tmp_path / "bkk" / "battery.csv").symlink_to(secret)
    assert named(tmp_path) == ({}, {"battery.csv": "UNSAFE_PATH"})


def test_a_broken_link_is_a_problem_not_a_crash(tmp_path):
    (tmp_path / "bkk").mkdir()
    (tmp_path / "bkk" / "battery.csv").symlink_to(tmp_path / "bkk" / "gone.csv")
    assert named(tmp_path)[1] == {"battery.csv": "VANISHED"}


def test_a_missing_folder_holds_nothing(tmp_path):
    assert landing_files(tmp_path, "nowhere") == ([], [])


def test_a_file_is_known_by_the_hash_of_its_bytes(tmp_path):
    named(tmp_path, "battery.csv")
    (file,), _ = landing_files(tmp_path, "bkk")
    assert file.sha256 == hashlib.sha256(good(1).encode()).hexdigest()
    assert (file.size, file.modified.tzinfo) == (len(good(1)), UTC)


def test_a_problem_says_which_file_and_what_was_expected(tmp_path):
    (tmp_path / "bkk").mkdir()
    (tmp_path / "bkk" / "readme.txt").write_text("hello")
    _, (problem,) = landing_files(tmp_path, "bkk")
    assert "readme.txt" in str(problem)
    assert "telemetry_jar_raw" in str(problem)
