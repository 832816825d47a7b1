"""Settings: defaults, what is refused and how it is said, and secrets that stay secret."""

import subprocess
import sys
from pathlib import Path

import pytest

from battery_assets.errors import SettingsError, UserError
from battery_assets.hosting.database_urls import libpq_url, redacted, server_urls
from battery_assets.settings import PACKAGE, Settings

SERVER = "postgresql://fleet:s3cret@db.example:5433/battery?sslmode=require"


def read(tmp_path: Path, **given: str) -> Settings:
    return Settings.from_environment({"BATTERY_HOME": str(tmp_path), **given})


def test_everything_lies_in_the_home_unless_said_otherwise(tmp_path):
    settings = read(tmp_path)
    assert settings.lake_url == f"{tmp_path}/lake"
    assert settings.landing == f"{tmp_path}/landing"
    assert settings.artifacts_url == f"{tmp_path}/mlflow"
    assert settings.dagster_home == tmp_path / "dagster"
    assert (settings.web_port, settings.mlflow_port, settings.database_url) == (3000, 5000, None)


def test_the_home_follows_the_xdg_folder(tmp_path):
    assert Settings.from_environment({"XDG_DATA_HOME": str(tmp_path)}).home == tmp_path / "battery_assets"


def test_an_empty_variable_is_an_unset_one(tmp_path):
    assert read(tmp_path, BATTERY_DATABASE_URL="", BATTERY_WEB_PORT="", AWS_ACCESS_KEY_ID="") == read(
        tmp_path
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("BATTERY_HOME", "relative/home", "absolute"),
        ("BATTERY_LAKE_URL", "relative/lake", "absolute"),
        ("BATTERY_LAKE_URL", "/etc/hostname/lake", "must be a folder"),
        ("BATTERY_LAKE_URL", str(PACKAGE / "lake"), "outside the program's own folder"),
        ("BATTERY_LAKE_URL", "gs://bucket/lake", "s3://bucket/prefix"),
        ("BATTERY_LAKE_URL", "s3://", "bucket"),
        ("BATTERY_LANDING", "landing", "absolute"),
        ("BATTERY_TRACKING_URI", "sqlite:///mlflow.db", "http"),
        ("BATTERY_WEB_PORT", "http", "1 to 65535"),
        ("BATTERY_WEB_PORT", "-1", "1 to 65535"),
        ("BATTERY_MLFLOW_PORT", "65536", "1 to 65535"),
        ("BATTERY_WEB_HOSTS", "https://battery.example.org", "without port or scheme"),
        ("BATTERY_DATABASE_URL", "mysql://u@h/battery", "postgresql"),
        ("BATTERY_DATABASE_URL", "postgresql+asyncpg://u@h/battery", "postgresql+psycopg"),
        ("BATTERY_DATABASE_URL", "postgresql:///battery", "host"),
        ("BATTERY_DATABASE_URL", "postgresql://u@h/", "database name"),
        ("BATTERY_DATABASE_URL", "postgresql://u@h/" + "b" * 56, "at most 55"),
        ("PG_BIN", "/etc", "initdb"),
        ("AWS_ENDPOINT_URL", "minio:9000", "http"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_with_key_value_and_what_is_allowed(
    tmp_path, key, value, allowed
):
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"BATTERY_HOME": str(tmp_path), key: value})
    message = refused.value.message
    assert key in message
    assert value in message
    assert allowed in message
    assert "\n" not in message


def test_a_misspelt_setting_is_refused_with_the_right_one(tmp_path):
    with pytest.raises(SettingsError, match="did you mean BATTERY_LAKE_URL"):
        read(tmp_path, BATTERY_LAKE_ULR="/data/lake")


def test_a_folder_that_nobody_may_write_is_refused():
    with pytest.raises(SettingsError, match="BATTERY_LAKE_URL='/proc/1/lake' is not allowed"):
        Settings.from_environment({"BATTERY_HOME": "/tmp", "BATTERY_LAKE_URL": "/proc/1/lake"})


def test_a_plain_address_gets_the_right_driver_for_each_of_three_databases(tmp_path):
    urls = read(tmp_path, BATTERY_DATABASE_URL=SERVER).database_urls()
    assert urls.warehouse == "postgresql+psycopg://fleet:s3cret@db.example:5433/battery?sslmode=require"
    assert (
        urls.dagster == "postgresql+psycopg2://fleet:s3cret@db.example:5433/battery_dagster?sslmode=require"
    )
    assert urls.mlflow == "postgresql+psycopg2://fleet:s3cret@db.example:5433/battery_mlflow?sslmode=require"
    assert urls == server_urls(SERVER.replace("postgresql:", "postgresql+psycopg2:"))
    assert libpq_url(urls.dagster) == SERVER.replace("/battery?", "/battery_dagster?")


def test_an_embedded_database_that_was_never_made_says_how_to_make_it(tmp_path):
    with pytest.raises(UserError) as refused:
        read(tmp_path).warehouse_url  # noqa: B018
    assert "battery-assets migrate" in refused.value.next_step


def said_of(tmp_path: Path, url: str) -> str:
    """All that the settings say of an address: their own text, or why it is refused."""
    try:
        settings = read(
            tmp_path, BATTERY_DATABASE_URL=url, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s3cret"
        )
    except SettingsError as refused:
        return refused.message + refused.next_step
    return f"{settings!r} {settings.database_urls()!r} {settings.database_urls()}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@h/b",
        "postgresql://u:a:s3cret@h:1/b",
        "postgresql://u:x@s3cret@h/b",
        "postgresql://u:pa/s3cret@h/b",
        "postgresql://u:pa?s3cret@h/b",
        "postgresql://h/b?user=u&password=s3cret",
        "mysql://u:s3cret@h/b",
        "postgresql://u:s3cret@h:99999999/b",
    ],
)
def test_no_message_shows_a_password(tmp_path, url):
    assert "s3cret" not in redacted(url)
    assert "s3cret" not in said_of(tmp_path, url)


def test_a_bucket_takes_its_keys_from_the_aws_variables(tmp_path):
    settings = read(
        tmp_path,
        BATTERY_LAKE_URL="s3://fleet/lake/",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_ENDPOINT_URL="http://127.0.0.1:9000",
    )
    assert settings.lake_url == "s3://fleet/lake"
    assert settings.storage_options == {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_ALLOW_HTTP": "true",
    }


def test_half_a_pair_of_keys_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY"):
        read(tmp_path, AWS_ACCESS_KEY_ID="key")


def test_reading_the_settings_imports_nothing_heavy():
    heavy = "{'dagster', 'sqlalchemy', 'polars', 'numpy', 'torch', 'mlflow', 'psycopg'}"
    code = f"import battery_assets.settings, battery_assets.cli, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )
    assert done.stdout.strip() == "set()"


def test_what_the_code_location_is_told_reads_back_as_the_same_settings(tmp_path):
    given = {"BATTERY_DATABASE_URL": SERVER, "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}
    settings = read(tmp_path, **given)
    told = settings.variables()
    assert told["BATTERY_WAREHOUSE_URL"] == settings.warehouse_url
    assert told["BATTERY_TRACKING_URI"] == settings.mlflow_url
    assert told["AWS_ALLOW_HTTP"] == "true"
    assert Settings.from_environment({**given, **told}) == settings


def test_an_mlflow_server_keeps_its_own_artifacts(tmp_path):
    told = read(tmp_path, BATTERY_DATABASE_URL=SERVER, BATTERY_TRACKING_URI="http://mlflow:5000/").variables()
    assert told["BATTERY_TRACKING_URI"] == "http://mlflow:5000"
    assert told["BATTERY_ARTIFACTS_URL"] == ""
