"""A home, its lake and its books belong together; strangers are refused with what to do."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.errors import UserError
from battery_assets.platform import object_stores
from battery_assets.platform.registry import tables as r
from battery_assets.platform.registry.identity import FILE, refuse_strangers
from battery_assets_tests.worlds.spread.stores import s3_endpoint, surroundings, variables_of
from battery_assets_tests.worlds.writers import replace


def meet(warehouse, home: Path, *, lake: str | None = None, shared: bool = False) -> str:
    home.mkdir(exist_ok=True)
    return refuse_strangers(warehouse.database_url, lake or warehouse.lake_url, home, shared=shared)


def test_books_home_and_lake_carry_one_id(warehouse, tmp_path):
    books = meet(warehouse, tmp_path / "home")
    assert meet(warehouse, tmp_path / "home") == books
    assert {
        (Path(place) / FILE).read_text().strip() for place in (tmp_path / "home", warehouse.lake_url)
    } == {books}


def test_the_lake_of_other_books_is_refused(warehouse, tmp_path):
    meet(warehouse, tmp_path / "home")
    other = tmp_path / "other"
    other.mkdir()
    (other / FILE).write_text("f" * 32)
    with pytest.raises(UserError, match="belongs to other books") as told:
        meet(warehouse, tmp_path / "home", lake=str(other))
    assert "BATTERY_LAKE_URL" in told.value.next_step


def test_a_bucket_that_nobody_made_is_named_with_what_to_do(warehouse, tmp_path):
    object_stores.object_store.cache_clear()
    try:
        with s3_endpoint() as endpoint, surroundings(variables_of(endpoint)):
            with pytest.raises(UserError, match="s3://nobody-made-it/lake cannot be") as refused:
                meet(warehouse, tmp_path / "home", lake="s3://nobody-made-it/lake")
            assert "that the bucket is there" in refused.value.next_step
    finally:
        object_stores.object_store.cache_clear()


def test_an_empty_lake_of_books_that_name_files_is_refused_and_an_old_one_is_taken_over(warehouse, tmp_path):
    replace(warehouse, t.telemetry_jar_raw, 1)
    books = meet(warehouse, tmp_path / "home")
    assert (Path(warehouse.lake_url) / FILE).read_text().strip() == books
    with pytest.raises(UserError, match="holds none of the files"):
        meet(warehouse, tmp_path / "home", lake=str(tmp_path / "empty"))
    assert not (tmp_path / "empty").exists()


def test_two_homes_on_one_database_are_refused_and_a_home_that_moved_is_not(warehouse, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    books = meet(warehouse, first, shared=True)
    with pytest.raises(UserError, match=r"another home, .+first, works on this") as told:
        meet(warehouse, second, shared=True)
    assert str(first) in told.value.next_step
    assert not (second / FILE).exists()
    second.rmdir()
    shutil.copytree(first, second)
    with pytest.raises(UserError, match="another home"):
        meet(warehouse, second, shared=True)
    shutil.rmtree(first)
    assert meet(warehouse, second, shared=True) == books
    with warehouse.transaction() as connection:
        assert connection.execute(sa.select(r.books.c.home)).scalar_one() == str(second)


def test_a_copied_home_does_not_write_into_the_lake_of_the_original(warehouse, tmp_path):
    """A backup that is tried out while BATTERY_LAKE_URL still names the lake of every day."""
    first, second = tmp_path / "first", tmp_path / "second"
    books = meet(warehouse, first)
    assert meet(warehouse, first) == books
    shutil.copytree(first, second)
    with pytest.raises(UserError, match=r"is that of the home .+first, of which .+second is a copy") as told:
        meet(warehouse, second)
    assert "BATTERY_LAKE_URL" in told.value.next_step
    assert meet(warehouse, first) == books
    shutil.rmtree(first)
    assert meet(warehouse, second) == books
    # A lake within the home is copied along, and both go on, each with its own.
    third, fourth = tmp_path / "third", tmp_path / "fourth"
    shutil.copytree(warehouse.lake_url, third / "lake")
    assert meet(warehouse, third, lake=str(third / "lake")) == books
    shutil.copytree(third, fourth)
    for home in (third, fourth):
        assert meet(warehouse, home, lake=str(home / "lake")) == books


def test_the_home_of_other_books_is_refused(warehouse, tmp_path):
    meet(warehouse, tmp_path / "home", shared=True)
    (tmp_path / "home" / FILE).write_text("f" * 32)
    with pytest.raises(UserError, match="is the home of other books"):
        meet(warehouse, tmp_path / "home", shared=True)


def test_a_home_on_another_machine_has_to_bring_the_id(warehouse, tmp_path):
    books = meet(warehouse, tmp_path / "home", shared=True)
    with warehouse.transaction() as connection:
        connection.execute(sa.update(r.books).values(home="/srv/battery", host="elsewhere"))
    (tmp_path / "home" / FILE).unlink()
    with pytest.raises(UserError, match="/srv/battery on elsewhere, works on this database"):
        meet(warehouse, tmp_path / "home", shared=True)
    (tmp_path / "home" / FILE).write_text(books)
    assert meet(warehouse, tmp_path / "home", shared=True) == books


def test_paths_of_before_are_cut_to_the_landing_folder(warehouse):
    """As migration 0016 cuts them."""
    from battery_assets.migrations.versions import __path__ as folders

    text = next(Path(folders[0]).glob("0016*.py")).read_text()
    scope: dict = {}
    exec(compile(text, "0016", "exec"), scope)
    given = {
        "/home/a/landing/alpha/x/alpha/y.csv": "alpha/x/alpha/y.csv",
        "/srv/exports/alpha/y.csv": "alpha/y.csv",
        "alpha/y.csv": "alpha/y.csv",
        "/elsewhere/y.csv": "/elsewhere/y.csv",
    }
    with warehouse.transaction() as connection:
        for path in given:
            row = {"table_name": "battery", "site": "alpha", "month": "", "path": path}
            connection.execute(sa.insert(r.ingest_file).values(row))
        files = [{"path": path, "sha256": str(number)} for number, path in enumerate(given)]
        entry = {"site": "alpha", "key": "k", "status": "accepted", "facts": {}, "files": files}
        connection.execute(sa.insert(r.intake).values(entry))
        connection.exec_driver_sql(scope["PATHS"].replace("%", "%%"))
        assert set(connection.execute(sa.select(r.ingest_file.c.path)).scalars()) == set(given.values())
        [cut] = connection.execute(sa.select(r.intake.c.files)).scalars()
    assert [file["path"] for file in cut] == list(given.values())
    assert [file["sha256"] for file in cut] == ["0", "1", "2", "3"]
