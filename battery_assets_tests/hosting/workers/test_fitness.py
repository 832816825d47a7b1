"""A worker that could not carry out a run says why at its start."""

import socket

import pytest

pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")

from battery_assets.errors import UserError
from battery_assets.hosting.workers import fitness
from battery_assets.platform.registry.identity import refuse_strangers
from battery_assets.settings import Settings


@pytest.fixture
def of(tmp_path, database_settings, monkeypatch):
    """Settings of a worker in the home of the session's database, with what is given."""

    def made(**given: str) -> Settings:
        return Settings.from_environment({"BATTERY_HOME": str(database_settings.home), **given})

    return made


@pytest.fixture
def listening(monkeypatch):
    """A broker that lets everybody in, for what is looked at after it."""
    monkeypatch.setattr(fitness, "refuse_without_broker", lambda _settings: None)


def books(url: str, lake: str, home) -> None:
    refuse_strangers(url, lake, home, shared=False)


def test_no_broker_is_named(of):
    with pytest.raises(UserError, match="no broker is named") as refused:
        fitness.refuse_unfit(of())
    assert "--workers 2" in refused.value.next_step


def test_a_broker_that_is_away_is_named_without_its_password(of):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UserError, match=f"amqp://127.0.0.1:{port} does not let us in") as refused:
        fitness.refuse_unfit(of(BATTERY_BROKER_URL=f"amqp://me:s3cret@127.0.0.1:{port}//"))
    assert "s3cret" not in str(refused.value)


def test_a_home_without_a_database_is_no_worker_s(tmp_path, listening):
    settings = Settings.from_environment({"BATTERY_HOME": str(tmp_path)})
    with pytest.raises(UserError, match="has not been made yet"):
        fitness.refuse_unfit(settings)


def test_a_database_that_is_away_is_named(of, listening):
    settings = of(BATTERY_DATABASE_URL="postgresql://me:s3cret@127.0.0.1:1/battery")
    with pytest.raises(UserError, match="cannot be reached") as refused:
        fitness.refuse_unfit(settings)
    assert "s3cret" not in str(refused.value)


def test_a_lake_of_other_books_is_refused(tmp_path, warehouse_url):
    lake = tmp_path / "lake"
    books(warehouse_url, str(lake), tmp_path / "home")
    from battery_assets.platform.registry import identity

    assert identity.join(warehouse_url, str(lake), tmp_path / "home") is True
    assert identity.join(warehouse_url, str(lake), tmp_path / "other") is False
    with pytest.raises(UserError, match="is not the lake of this database"):
        identity.join(warehouse_url, str(tmp_path / "elsewhere"), tmp_path / "home")
    (lake / "books.id").write_text("0" * 32)
    with pytest.raises(UserError, match=f"of the lake: {'0' * 32}"):
        identity.join(warehouse_url, str(lake), tmp_path / "home")


def test_a_database_without_books_is_refused(tmp_path, warehouse_url):
    from battery_assets.platform.registry import identity

    with pytest.raises(UserError, match="no books yet"):
        identity.join(warehouse_url, str(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, ["BATTERY_LAKE_URL", "BATTERY_LANDING", "BATTERY_ARTIFACTS_URL"]),
        ({"BATTERY_LAKE_URL": "s3://b/lake"}, ["BATTERY_LANDING", "BATTERY_ARTIFACTS_URL"]),
        (
            {"BATTERY_LAKE_URL": "s3://b/lake", "BATTERY_LANDING": "s3://b/landing",
             "BATTERY_TRACKING_URI": "http://mlflow:5000"},
            [],
        ),
        (
            {"BATTERY_LAKE_URL": "s3://b/lake", "BATTERY_LANDING": "s3://b/landing",
             "BATTERY_ARTIFACTS_URL": "s3://b/mlflow"},
            [],
        ),
    ],
)  # fmt: skip
def test_a_folder_that_no_other_machine_sees_is_refused_by_name(tmp_path, given, named):
    settings = Settings.from_environment({"BATTERY_HOME": str(tmp_path), **given})
    if not named:
        assert fitness._refuse_own_folders(settings) is None
        return
    with pytest.raises(UserError) as refused:
        fitness._refuse_own_folders(settings)
    for key in ("BATTERY_LAKE_URL", "BATTERY_LANDING", "BATTERY_ARTIFACTS_URL"):
        assert (key in refused.value.message) == (key in named)


def test_a_store_that_is_silent_is_said_in_seconds(tmp_path, of, listening, migrated_url):
    given = {
        "BATTERY_LAKE_URL": "s3://b/lake", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
    }  # fmt: skip
    with pytest.raises(UserError, match=r"object store http://127\.0\.0\.1:1 does not answer"):
        fitness.refuse_unfit(of(**given))
