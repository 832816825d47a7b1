"""A monitor exports a file a day: a new one costs what it holds, and the accounts are those of all files at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.ingest.exports.one_file import Intake
from battery_assets.platform import clock
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import accounts
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.landing import export, jar_days, known, partition

TABLE = t.telemetry_jar_raw
PART = partition(TABLE)
COUNTS = ("rows_loaded", "rows_quarantined", "rows_exact_duplicate", "rows_superseded", "rows_other_month")
NOON = datetime(2025, 3, 20, 12, tzinfo=UTC)


class Monitor:
    """A site whose monitor exports its local day: 17:00 of the UTC day before to 17:00."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder / "landing"
        self.landing = Landing(folder=str(self.folder))
        known(warehouse)

    def exports(self, *days: int, lines: tuple[str, ...] = (), change: float = 0.0, again: int = 0) -> Path:
        """Files of local days of March; the last of them has further lines, and `again` rows twice."""
        for day in days:
            of = date(2025, 3, day)
            rows = jar_days(of - timedelta(days=1), of)
            end = datetime(2025, 3, day, 17, tzinfo=UTC)
            mine = rows.filter(pl.col("ts") >= end - timedelta(days=1), pl.col("ts") < end)
            mine = mine.with_columns(pl.col("voltage_v") + change)
            last = day == days[-1]
            shown = pl.concat([mine, mine.tail(again)]) if last and again else mine
            path = export(
                shown, self.folder / "north", f"{TABLE.name}_2025-03-{day:02d}", lines if last else ()
            )
        return path

    def arrive(self) -> dict:
        with clock.stop_at(NOON):
            part = self.warehouse.claim(TABLE, PART)
            return replace_from_source(self.warehouse, self.landing, TABLE, part).metadata

    def books(self) -> tuple:
        """Checksum, accounts and quarantine, as they would be compared by an auditor; every file balances."""
        with self.warehouse.transaction() as connection:
            files = [dict(row) for row in connection.execute(sa.select(r.ingest_file)).mappings()]
            refused = [dict(row) for row in connection.execute(sa.select(r.quarantined_row)).mappings()]
        for row in files:
            assert row["rows_read"] == sum(row[part] for part in COUNTS), row
        loaded = sum(row["rows_loaded"] for row in files)
        assert loaded == self.warehouse.read(TABLE, PART).collect().height
        for row in (*files, *refused):
            for word in ("path", "file"):
                if word in row:
                    row[word] = Path(row[word]).name
        accounts = [{key: value for key, value in row.items() if key != "known"} for row in files]
        checksum = self.warehouse.profile(TABLE, PART)["sha256"]
        return checksum, sorted(map(str, accounts)), sorted(map(str, refused))


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of the files that were really read, in order."""
    names, original = [], Intake.file

    def noted(self, file, number, pool):
        names.append(file.path.name.removeprefix(f"{TABLE.name}_2025-03-").removesuffix(".csv"))
        return original(self, file, number, pool)

    monkeypatch.setattr(Intake, "file", noted)
    return names


@pytest.fixture
def monitor(warehouse, tmp_path) -> Monitor:
    return Monitor(warehouse, tmp_path)


@pytest.fixture
def at_once(migrated_url, tmp_path) -> Iterator[Monitor]:
    """The same landing folder, read by a warehouse that never saw it."""
    with copied_database(migrated_url) as url:
        fresh = Warehouse(database_url=url, lake_url=str(tmp_path / "another_lake"))
        yield Monitor(fresh, tmp_path)


def test_a_new_file_costs_its_own_days(monitor, at_once, read):
    monitor.exports(*range(1, 11))
    assert monitor.arrive()["days made"] == 10
    assert read == [f"{day:02d}" for day in range(1, 11)]
    read.clear()
    monitor.exports(11)
    shown = monitor.arrive()
    # It has hours of the 10th and of the 11th in UTC; of the 10th, and of nothing else new, the file before has some.
    assert (shown["days made"], shown["days kept"]) == (2, 9)
    assert read == ["11", "10"]
    lines = [path.read_text().splitlines() for path in (monitor.folder / "north").iterdir()]
    assert shown["files"].data["rows"]["rows_read"] == sum(map(len, lines)) - 11
    at_once.arrive()
    assert monitor.books() == at_once.books()
    read.clear()
    before = monitor.warehouse.lake.delta(TABLE).version()
    assert monitor.arrive()["days made"] == 0
    assert read == []
    assert monitor.warehouse.lake.delta(TABLE).version() == before


def test_bad_rows_copies_and_conflicts_are_accounted_for_whoever_reads_them(monitor, at_once, read):
    bad = ("2025-03-03T01:00:00Z,no-uuid,13,25,,", "not,a,row")
    monitor.exports(1, 2, 3, lines=bad, again=4)
    monitor.arrive()
    unit = jar_days(date(2025, 3, 4))["battery_id"][0]
    # The 5th brings another value for an hour that the 4th has, and copies of its last rows.
    monitor.exports(4)
    monitor.arrive()
    monitor.exports(5, lines=(f"2025-03-04T03:00:00Z,{unit},9.999,25,,",), again=3)
    read.clear()
    monitor.arrive()
    assert read == ["05", "04"]
    at_once.arrive()
    assert monitor.books() == at_once.books()
    _, accounts, refused = monitor.books()
    assert sum("CONFLICTING_DUPLICATE" in row for row in refused) == 2
    assert sum("BAD_UUID" in row for row in refused) == 1
    assert any("'rows_exact_duplicate': 4" in row for row in accounts)
    # Nothing of this is read again for a file that touches none of it, and nothing of it is lost.
    monitor.exports(8)
    read.clear()
    monitor.arrive()
    assert read == ["08"]
    at_once.arrive()
    assert monitor.books() == at_once.books()


def test_a_file_that_is_corrected_or_taken_away_changes_its_days_alone(monitor, at_once, read):
    monitor.exports(*range(1, 7))
    monitor.arrive()
    read.clear()
    monitor.exports(3, change=-0.5)
    assert monitor.arrive()["days made"] == 2
    assert read == ["03", "02", "04"]
    at_once.arrive()
    assert monitor.books() == at_once.books()
    read.clear()
    monitor.exports(6).unlink()
    shown = monitor.arrive()
    assert (shown["days made"], shown["days kept"]) == (1, 4)
    assert read == ["05"]
    at_once.arrive()
    assert monitor.books() == at_once.books()


def test_accounts_that_a_dying_run_did_not_keep_are_made_up_for(monitor, at_once, read, monkeypatch):
    monitor.exports(1, 2, 3)
    monitor.arrive()
    monitor.exports(4, again=2)
    monitor.exports(2, change=-0.5)
    with monkeypatch.context() as patch:
        patch.setattr(accounts, "put_accounts", lambda *_: (_ for _ in ()).throw(ZeroDivisionError()))
        with pytest.raises(ZeroDivisionError):
            monitor.arrive()
    monitor.arrive()
    at_once.arrive()
    assert monitor.books() == at_once.books()


def test_a_file_with_times_that_lie_ahead_is_read_again(monitor, read):
    ahead = f"2025-03-20T14:30:00Z,{jar_days(date(2025, 3, 4))['battery_id'][0]},13.5,25,,"
    monitor.exports(1, 2, lines=(ahead,))
    monitor.arrive()
    _, _, refused = monitor.books()
    assert any("TIME_RANGE" in row for row in refused)
    read.clear()
    monitor.arrive()
    assert "02" in read


def test_a_refused_file_stays_refused_and_hides_nothing(monitor, at_once, read):
    monitor.exports(1, 2)
    (monitor.folder / "north" / f"{TABLE.name}_2025-03-09.csv").write_text("ts,battery_id\n")
    monitor.arrive()
    monitor.exports(3)
    monitor.arrive()
    at_once.arrive()
    assert monitor.books() == at_once.books()
    _, accounts, _ = monitor.books()
    assert sum("'status': 'refused'" in row for row in accounts) == 1


def test_other_terms_read_every_file_again(monitor, read):
    monitor.exports(1, 2, 3)
    monitor.arrive()
    with monitor.warehouse.transaction() as connection:
        registry.put_site(connection, "north", "files", {"timezone": "Asia/Bangkok"})
    read.clear()
    assert monitor.arrive()["days kept"] == 0
    assert read == ["01", "02", "03"]
