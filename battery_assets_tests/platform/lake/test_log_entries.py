"""What is read of a log by entry is what Delta's own reader says, and commits lose nothing of each other."""

import json
import random
import threading
from pathlib import Path

import pytest
from deltalake import DeltaTable

from battery_assets import tables as t
from battery_assets.platform import object_stores
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake import log_commit, log_entries, log_names, store
from battery_assets.platform.lake.format import LakeFile, add_action
from battery_assets.platform.lake.log_commit import Turn, commit_by_delta
from battery_assets.platform.lake.log_entries import Unread, read_log
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.lake.upkeep import fold_log

TABLE = t.telemetry_env
PARTS = [Part(site, month) for site in ("alpha", "alpha2", "beta") for month in ("2025-03", "2025-04")]


def files(part: Part, number: int, of: int = 2) -> list[LakeFile]:
    """Files as a writer hands them in; a log does not look whether they are there."""
    path = f"site={part.site}/month={part.month}/{part.start.date()}-{number}"
    profile = {"rows": 1, "columns": {}}
    return [
        LakeFile(f"{path}-{n}.parquet", part.start.date(), 1, 100 + number, "0" * 64, profile)
        for n in range(of)
    ]


def by_delta(lake: Lake, part: Part) -> dict[str, int]:
    return log_names.named_by(DeltaTable(lake.table_url(TABLE)), part)


@pytest.fixture
def lake(tmp_path):
    made = Lake(str(tmp_path / "lake"))
    Path(made.url).mkdir()
    made.create(TABLE)
    return made


def act(lake: Lake, die: random.Random, number: int) -> None:
    """One thing that happens to a log: ours, Delta's own writer's, or a fold."""
    part = die.choice(PARTS)
    match die.choice(["ours", "ours", "theirs", "fold", "none"]):
        case "ours":
            keep = [path for path in lake.paths(TABLE, part) if die.random() < 0.5]
            lake.commit(TABLE, part, files(part, number), number, lambda: None, keep)
        case "theirs":
            added = [add_action(file, part) for file in files(part, number)]
            commit_by_delta(lake.create, Turn(TABLE, part, added, frozenset(), number, lambda: None))
        case "fold":
            fold_log(lake, TABLE)
        case "none":
            lake.commit(TABLE, part, [], number, lambda: None)


def test_by_entry_a_log_names_the_same_files_as_by_delta(lake):
    die = random.Random(4)
    for number in range(60):
        act(lake, die, number)
        for part in (die.choice(PARTS), Part("alpha")):
            assert read_log(lake.table_url(TABLE), part).files == by_delta(lake, part), number
    assert read_log(lake.table_url(TABLE), PARTS[0]).version == DeltaTable(lake.table_url(TABLE)).version()
    assert by_delta(lake, Part())


def test_a_commit_does_not_open_the_table(lake, monkeypatch):
    def refuse(url):
        raise AssertionError(f"{url} was opened")

    fold_log(lake, TABLE)
    for module in (store, log_names):
        monkeypatch.setattr(module, "opened", refuse)
    lake.commit(TABLE, PARTS[0], files(PARTS[0], 1), 1, lambda: None)
    assert len(lake.paths(TABLE, PARTS[0])) == 2


def test_many_writers_at_once_lose_nothing(lake):
    fences = []

    def write(part: Part) -> None:
        for number in range(8):
            kept = lake.paths(TABLE, part)
            lake.commit(TABLE, part, files(part, number, 1), number, lambda: fences.append(part), kept)

    threads = [threading.Thread(target=write, args=(part,)) for part in PARTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {part.key: len(by_delta(lake, part)) for part in PARTS} == {part.key: 8 for part in PARTS}
    assert DeltaTable(lake.table_url(TABLE)).version() == 8 * len(PARTS)
    assert len(fences) >= 8 * len(PARTS)


def test_whoever_comes_second_asks_the_fence_again_and_keeps_what_the_first_wrote(lake, monkeypatch):
    asked = []

    def overtaken() -> None:
        asked.append(1)
        if len(asked) == 1:
            for part in PARTS[:2]:
                lake.commit(TABLE, part, files(part, 1), 1, lambda: None)

    lake.commit(TABLE, PARTS[0], files(PARTS[0], 2), 2, overtaken)
    assert len(asked) == 3, "two entries came between"
    assert by_delta(lake, PARTS[0]).keys() == {file.path for file in files(PARTS[0], 2)}
    assert len(by_delta(lake, PARTS[1])) == 2


def test_every_hundredth_commit_folds_the_log(lake, monkeypatch):
    monkeypatch.setattr(store, "FOLD_AT", 3)
    for number in range(4):
        lake.commit(TABLE, PARTS[0], files(PARTS[0], number), number, lambda: None)
    assert (
        json.loads(Path(lake.table_url(TABLE), "_delta_log", "_last_checkpoint").read_text())["version"] == 3
    )


@pytest.mark.parametrize(
    "line",
    [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7}},
        {"add": {"path": "site=alpha/month=2025-03/a%20b.parquet", "size": 1}},
        {"add": {"path": "elsewhere.parquet", "size": 1}},
        {"remove": {"path": "site=alpha/month=2025-03/a.parquet", "deletionVector": {"sizeInBytes": 3}}},
        {"domainMetadata": {}},
    ],
)
def test_a_line_that_is_not_ours_is_left_to_delta_s_reader(lake, line):
    assert log_entries.write_entry(lake.table_url(TABLE), 1, [line])
    with pytest.raises(Unread):
        read_log(lake.table_url(TABLE), PARTS[0])


@pytest.mark.parametrize("line", ["[1]", "3", "null", '{"add":null}', '{"add":[1]}', '{"remove":{"path":7}}'])
def test_a_line_of_another_shape_is_left_to_delta_s_reader(lake, line):
    lake.commit(TABLE, PARTS[0], files(PARTS[0], 1), 1, lambda: None)
    newest = sorted(Path(lake.table_url(TABLE), "_delta_log").glob("*.json"))[-1]
    newest.write_text(f"{newest.read_text()}\n{line}\n")
    with pytest.raises(Unread):
        read_log(lake.table_url(TABLE), PARTS[0])


@pytest.mark.parametrize("wrong", ["empty", "missing", "checkpoint"])
def test_a_damaged_log_is_left_to_delta_s_reader(lake, wrong):
    for number in range(3):
        lake.commit(TABLE, PARTS[0], files(PARTS[0], number), number, lambda: None)
    log = Path(lake.table_url(TABLE), "_delta_log")
    if wrong == "checkpoint":
        fold_log(lake, TABLE)
        [folded] = log.glob("*.checkpoint.parquet")
        folded.unlink()
    elif wrong == "missing":
        (log / f"{2:020d}.json").unlink()
    else:
        (log / f"{3:020d}.json").write_text("")
    with pytest.raises(Unread):
        read_log(lake.table_url(TABLE), PARTS[0])


def test_a_column_that_the_log_lacks_is_added_by_delta_s_writer(lake, monkeypatch):
    monkeypatch.setattr(log_commit, "_fits", lambda schema, table: False)
    lake.commit(TABLE, PARTS[0], files(PARTS[0], 1), 1, lambda: None)
    [entry] = [
        line for line in log_entries.entry_of(lake.table_url(TABLE), 1).splitlines() if b"commitInfo" in line
    ]
    assert b"delta-rs" in entry


def test_in_a_bucket_it_is_the_same(monkeypatch):
    import boto3

    from battery_assets_tests.worlds.spread.stores import s3_endpoint, surroundings, variables_of

    with s3_endpoint() as endpoint, surroundings(variables_of(endpoint)):
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="logs")
        object_stores.object_store.cache_clear()
        try:
            lake, die = Lake("s3://logs/lake"), random.Random(7)
            lake.create(TABLE)
            for number in range(12):
                act(lake, die, number)
            for part in (*PARTS, Part("alpha")):
                assert read_log(lake.table_url(TABLE), part).files == by_delta(lake, part)
            assert by_delta(lake, Part())
            last = read_log(lake.table_url(TABLE), PARTS[0]).version
            assert not log_entries.write_entry(lake.table_url(TABLE), last, [{"txn": {}}])
            again = [{"txn": {"appId": "mine"}}]
            assert log_entries.write_entry(lake.table_url(TABLE), last + 1, again)
            assert log_entries.write_entry(lake.table_url(TABLE), last + 1, again), "a lost answer"
            monkeypatch.setenv("AWS_S3_LOCKING_PROVIDER", "dynamodb")
            with pytest.raises(Unread):
                log_entries.write_entry(lake.table_url(TABLE), last + 2, again)
        finally:
            object_stores.object_store.cache_clear()


def test_a_folded_file_is_read_once_for_a_month_and_again_where_another_took_its_name(lake, monkeypatch):
    lake.commit(TABLE, PARTS[0], files(PARTS[0], 1), 1, lambda: None)
    fold_log(lake, TABLE)
    scans, scan = [], log_entries.pl.scan_parquet
    monkeypatch.setattr(
        log_entries.pl, "scan_parquet", lambda source, **how: scans.append(source) or scan(source, **how)
    )
    for number in range(2, 5):
        lake.commit(
            TABLE, PARTS[1], files(PARTS[1], number), number, lambda: None, lake.paths(TABLE, PARTS[1])
        )
        assert read_log(lake.table_url(TABLE), PARTS[0]).files == by_delta(lake, PARTS[0])
    ours = [source for source in scans if "checkpoint" in str(source)]
    assert len(ours) == 2, "once for each of two months"
    [folded] = Path(lake.table_url(TABLE), "_delta_log").glob("*.checkpoint.parquet")
    rows = log_entries.pl.read_parquet(folded)
    away = log_entries.pl.col("add").struct.field("path").str.contains(PARTS[0].month)
    rows.filter(~away.fill_null(value=False)).write_parquet(folded)
    assert read_log(lake.table_url(TABLE), PARTS[0]).files == {}


def test_an_entry_of_a_bucket_is_fetched_once_and_again_where_another_took_its_name(monkeypatch):
    import boto3

    from battery_assets_tests.worlds.spread.stores import s3_endpoint, surroundings, variables_of

    with s3_endpoint() as endpoint, surroundings(variables_of(endpoint)):
        bucket = boto3.client("s3", endpoint_url=endpoint)
        bucket.create_bucket(Bucket="logs")
        object_stores.object_store.cache_clear()
        log_entries._fetched.cache_clear()
        try:
            lake = Lake("s3://logs/lake")
            lake.create(TABLE)
            fetched, fetch = [], log_entries.fetch
            monkeypatch.setattr(log_entries, "fetch", lambda target: fetched.append(target) or fetch(target))
            lake.commit(TABLE, PARTS[0], files(PARTS[0], 1), 1, lambda: None)
            for _ in range(5):
                assert len(lake.paths(TABLE, PARTS[0])) == 2
            entries = [target for target in fetched if target.endswith(".json")]
            assert len(entries) == len(set(entries)) == 2
            where = f"lake/{TABLE.name}/_delta_log/{1:020d}.json"
            said = bucket.get_object(Bucket="logs", Key=where)["Body"].read()
            lines = [line for line in said.splitlines() if b'"add"' not in line]
            bucket.put_object(Bucket="logs", Key=where, Body=b"\n".join(lines))
            assert lake.paths(TABLE, PARTS[0]) == []
        finally:
            object_stores.object_store.cache_clear()
            log_entries._fetched.cache_clear()
