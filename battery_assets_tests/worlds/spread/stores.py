"""What machines share: an S3-compatible store and a PostgreSQL server, each in a process of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.databases import running_database
from battery_assets_tests.worlds.homes import fresh_home

BUCKET = "fleet"
SERVER = "battery_assets_tests.worlds.spread.store_server"


@contextmanager
def s3_endpoint() -> Iterator[str]:
    """The address of a store on loopback, which holds nothing yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", SERVER, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=2).close()
                break
            except OSError:
                assert time.monotonic() < deadline and server.poll() is None, (
                    "the object store does not start"
                )
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def variables_of(endpoint: str) -> dict[str, str]:
    """What every S3 tool reads."""
    return {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }


@contextmanager
def shared_stores() -> Iterator[dict[str, str]]:
    """Variables of a store with one empty bucket, and of a PostgreSQL server, under SERVER."""
    with s3_endpoint() as endpoint, fresh_home() as settings, running_database(settings) as urls:
        import boto3

        variables = variables_of(endpoint)
        boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret",
        ).create_bucket(Bucket=BUCKET)  # fmt: skip
        yield {**variables, "SERVER": libpq_url(urls.warehouse).rpartition("/")[0]}


def platform(stores: dict[str, str]) -> dict[str, str]:
    """Variables of a platform of its own on shared stores: a fresh database, and folders of the bucket."""
    name = f"p{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{stores['SERVER']}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    folder = f"s3://{BUCKET}/{name}"
    return {
        **{key: value for key, value in stores.items() if key != "SERVER"},
        "BATTERY_DATABASE_URL": f"{stores['SERVER']}/{name}",
        "BATTERY_LAKE_URL": f"{folder}/lake",
        "BATTERY_LANDING": f"{folder}/landing",
        "BATTERY_ARTIFACTS_URL": f"{folder}/mlflow",
    }


@contextmanager
def surroundings(variables: dict[str, str]) -> Iterator[None]:
    """Let variables be set for a block, here and in every process that it starts."""
    before = {key: os.environ.get(key) for key in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None) if value is None else os.environ.__setitem__(key, value)
