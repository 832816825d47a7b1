"""The lake and the landing folder in an S3-compatible store."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.ingest.exports.landing import landing_files
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.work import day_plan
from battery_assets.tables.identity import identity

PART = Part("alpha", "2025-03")


@pytest.fixture(scope="module")
def endpoint():
    """A store of the module's own on loopback, in a process of its own as any store is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            break
        except OSError:
            time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(20)


@pytest.fixture
def bucket(endpoint, monkeypatch):
    """An empty bucket, and the variables that name it as any S3 tool reads them."""
    import boto3

    from battery_assets.platform.object_stores import object_store

    for key, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(key, value)
    object_store.cache_clear()
    name = f"bucket-{datetime.now(UTC):%H%M%S%f}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    yield name
    object_store.cache_clear()


def samples(value: float) -> pl.DataFrame:
    start = datetime(2025, 3, 1, tzinfo=UTC)
    jars = sorted(identity("battery", n) for n in range(3))
    return pl.DataFrame(
        {
            "ts": [start] * 3,
            "battery_id": jars,
            "voltage_v": [value] * 3,
            "temperature_c": [25.0] * 3,
            "resistance_mohm": [None] * 3,
            "conductance_s": [None] * 3,
        },
        schema_overrides={
            "ts": pl.Datetime("us", "UTC"),
            "resistance_mohm": pl.Float64,
            "conductance_s": pl.Float64,
        },
    )


def test_a_lake_partition_in_a_bucket_is_replaced_read_and_verified(bucket, warehouse_url):
    import boto3

    from battery_assets.platform.lake.reads import LakeError
    from battery_assets.platform.warehouse.resource import Warehouse

    warehouse = Warehouse(database_url=warehouse_url, lake_url=f"s3://{bucket}/lake")
    table = t.telemetry_jar_raw
    for value in (13.5, 13.6):
        part = warehouse.claim(table, PART)
        warehouse.replace(table, part, [(date(2025, 3, 1), samples(value))])
    assert warehouse.read(table, PART).collect()["voltage_v"].to_list() == [13.6] * 3
    [(day, rows)] = warehouse.days(table, PART)
    assert (day, rows.height) == (date(2025, 3, 1), 3)
    warehouse.verify(table, PART)
    client = boto3.client("s3")
    [path] = warehouse.lake.paths(table, PART)
    client.delete_object(Bucket=bucket, Key=f"lake/{table.name}/{path}")
    with pytest.raises(LakeError, match=r"2025-03\|alpha"):
        warehouse.verify(table, PART)


def spoil(bucket: str, key: str) -> None:
    """Put an object of the same size and other content in an object's place."""
    import boto3

    client = boto3.client("s3")
    content = bytearray(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    content[len(content) // 3] ^= 4
    client.put_object(Bucket=bucket, Key=key, Body=bytes(content))


def test_an_object_that_is_not_what_was_written_is_not_read_and_not_kept(bucket, warehouse_url):
    from battery_assets.platform.lake.reads import LakeError
    from battery_assets.platform.warehouse.resource import Warehouse

    warehouse = Warehouse(database_url=warehouse_url, lake_url=f"s3://{bucket}/lake")
    table, days = t.telemetry_jar_raw, [date(2025, 3, 1), date(2025, 3, 2)]

    def written() -> list[date]:
        claimed = warehouse.claim(table, PART)
        due = day_plan(
            warehouse,
            table,
            claimed,
            dict.fromkeys(days, "made of this"),
            by="battery_assets.platform.days.plan",
        )
        frames = [
            (day, samples(13.5).with_columns(pl.col("ts").dt.offset_by(f"{n}d")))
            for n, day in enumerate(days)
        ]
        warehouse.replace(table, claimed, [pair for pair in frames if pair[0] in due.to_make], plan=due)
        return due.to_make

    assert written() == days
    assert written() == []
    first, _ = warehouse.lake.paths(table, PART)
    spoil(bucket, f"lake/{table.name}/{first}")
    for read in (warehouse.read, lambda *part: list(warehouse.days(*part)), warehouse.verify):
        with pytest.raises(LakeError, match=r"2025-03\|alpha.*missing or damaged.*Materialize"):
            read(table, PART)
    assert written() == days[:1]
    assert warehouse.read(table, PART).collect().height == 6


def test_a_capture_in_a_bucket_is_read_back_and_refused_when_it_is_another(bucket, warehouse_url):
    from battery_assets.platform.lake.reads import LakeError
    from battery_assets.platform.warehouse.resource import Warehouse

    warehouse = Warehouse(database_url=warehouse_url, lake_url=f"s3://{bucket}/lake")
    url = warehouse.keep_capture(PART, "test", samples(13.5))
    assert warehouse.has_capture(url)
    assert warehouse.capture(url).equals(samples(13.5))
    spoil(bucket, f"lake/{url}")
    with pytest.raises(LakeError, match="missing or damaged"):
        warehouse.capture(url)


def test_a_lab_s_files_go_into_a_landing_bucket_and_are_read_from_its_mirror(bucket, tmp_path):
    from battery_assets.actions.import_lab import land, named_files
    from battery_assets.platform.landing import Landing

    landing = Landing(folder=f"s3://{bucket}/landing", cache=str(tmp_path / "cache"))
    (tmp_path / "a.csv").write_text("1\n")
    named = named_files(tmp_path / "a.csv", "C1", "cycle_life", False)
    land(landing, "oslo", named, {"nominal_capacity_ah": 2.5})
    (tmp_path / "a.csv").write_text("12\n")
    folder = land(landing, "oslo", named, {"timezone": "Europe/Oslo"})
    assert folder == tmp_path / "cache" / "landing" / "oslo"
    assert (folder / "C1" / "cycle_life" / "a.csv").read_text() == "12\n"
    told = json.loads((folder / "C1" / "cell.json").read_text())
    assert told == {"nominal_capacity_ah": 2.5, "timezone": "Europe/Oslo"}


def test_a_landing_bucket_is_mirrored_and_follows_the_bucket(bucket, tmp_path):
    import boto3

    from battery_assets.platform.landing import Landing

    landing = Landing(folder=f"s3://{bucket}/landing", cache=str(tmp_path / "cache"))
    assert landing_files(landing.root("alpha"), "alpha") == ([], [])
    export = tmp_path / "battery.csv"
    export.write_text("battery_id\n1\n")
    landing.put("alpha", [(export, "battery.csv"), (export, "2025/battery_2025-03.csv")])
    files, problems = landing_files(landing.root("alpha"), "alpha")
    assert [file.path.name for file in files] == ["battery_2025-03.csv", "battery.csv"]
    assert not problems
    first = files[1]
    export.write_text("battery_id\n1\n2\n")
    landing.put("alpha", [(export, "battery.csv")])
    boto3.client("s3").delete_object(Bucket=bucket, Key="landing/alpha/2025/battery_2025-03.csv")
    [again] = landing_files(landing.root("alpha"), "alpha")[0]
    assert again.path == first.path
    assert again.sha256 != first.sha256


def test_an_object_overwritten_by_one_of_its_size_within_a_second_is_seen(bucket, tmp_path):
    from battery_assets.platform.landing import Landing
    from battery_assets.platform.object_stores import remote

    landing = Landing(folder=f"s3://{bucket}/landing", cache=str(tmp_path / "cache"))
    export = tmp_path / "battery.csv"
    export.write_text("battery_id\n1\n")
    landing.put("alpha", [(export, "battery.csv")])
    [first] = landing_files(landing.root("alpha"), "alpha")[0]
    export.write_text("battery_id\n2\n")
    landing.put("alpha", [(export, "battery.csv")])
    # A store whose clock ticks in seconds: the copy has the second object's size and time.
    store, path = remote(f"{landing.folder}/alpha/battery.csv")
    at = store.head(path)["last_modified"].timestamp()
    os.utime(first.path, (at, at))
    [stale] = landing_files(first.path.parent.parent, "alpha")[0]
    assert stale.sha256 == first.sha256
    [second] = landing_files(landing.root("alpha"), "alpha")[0]
    assert (second.size, second.modified) == (stale.size, stale.modified)
    assert second.sha256 != stale.sha256
    assert second.path.read_text() == "battery_id\n2\n"


def test_an_object_that_stays_is_brought_once(bucket, tmp_path):
    from battery_assets.platform.landing import Landing

    landing = Landing(folder=f"s3://{bucket}/landing", cache=str(tmp_path / "cache"))
    export = tmp_path / "battery.csv"
    export.write_text("battery_id\n1\n")
    landing.put("alpha", [(export, "2025/battery.csv")])
    [copy] = landing_files(landing.root("alpha"), "alpha")[0]
    there = copy.path.stat()
    landing.put("alpha", [(export, "battery_2.csv")])
    assert len(landing_files(landing.root("alpha"), "alpha")[0]) == 2
    assert copy.path.stat() == there


def test_two_who_mirror_a_site_at_once_take_nothing_from_each_other(bucket, tmp_path, monkeypatch):
    """The first has half an object when the second comes; without waiting, it would be swept away."""
    from battery_assets.platform import buckets
    from battery_assets.platform.landing import Landing

    landing = Landing(folder=f"s3://{bucket}/landing", cache=str(tmp_path / "cache"))
    export = tmp_path / "battery.csv"
    export.write_text("battery_id\n1\n")
    landing.put("alpha", [(export, "battery.csv")])
    half, rest = threading.Event(), threading.Event()
    whole = buckets._replaced

    def slowly(target, blocks, modified=None):
        def with_a_pause():
            yield b"battery_id\n"
            half.set()
            assert rest.wait(30)
            yield b"1\n"

        whole(target, with_a_pause() if target.name == "battery.csv" else blocks, modified)

    monkeypatch.setattr(buckets, "_replaced", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: landing_files(landing.root("alpha"), "alpha"))
        assert half.wait(30)
        second = pool.submit(lambda: landing_files(landing.root("alpha"), "alpha"))
        waited = wait([second], timeout=1.0)
        rest.set()
        assert not waited.done
        [one], [other] = first.result(30)[0], second.result(30)[0]
    assert one.path.read_text() == "battery_id\n1\n"
    assert other.sha256 == one.sha256
