"""Exports that are not written as ours: the cause is said where the user looks, with the way to read them."""

from battery_assets_tests.cases.imported import BANGKOK, Imported, Units
from battery_assets_tests.cases.record import FIRST_USE, Case

FOREIGN = "the cause is said, and the way to read it"


def refused(world: Imported, case: str) -> str:
    """What the command says of an export that it does not read; it keeps no site of it."""
    site = f"{case}-refused"
    done = world.alone(world.shared / FIRST_USE / "fleet" / case, site)
    assert done.exit_code != 0
    assert world.rows("SELECT 1 FROM platform.site WHERE site = :site", site=site) == []
    assert f"--timezone {BANGKOK}" not in done.output
    return done.output


def loaded(world: Imported, case: str, *terms: str) -> int:
    """Rows of telemetry that are loaded under the terms that were named."""
    done = world.alone(world.shared / FIRST_USE / "fleet" / case, case, *terms)
    assert done.exit_code == 0, done.output
    query = (
        "SELECT sum(rows_loaded) FROM (SELECT DISTINCT ON (path) path, rows_loaded FROM platform.ingest_file "
        "WHERE site = :site AND table_name LIKE 'telemetry_%') f"
    )
    [(rows,)] = world.rows(query, site=case)
    return int(rows)


def renamed(world: Imported) -> str:
    told = refused(world, "renamed")
    assert "telemetry_jar_raw.csv: HEADER_MISMATCH: missing: ts, battery_id, voltage_v" in told
    assert "found: timestamp, jar_id, volt" in told
    assert "rename=" in told
    rows = loaded(world, "renamed", "rename=timestamp:ts|volt:voltage_v|jar_id:battery_id")
    assert rows == 480
    return f"HEADER_MISMATCH with the columns found and missing, and rename=; with it {rows} rows are loaded"


def semicolon(world: Imported) -> str:
    told = refused(world, "semicolon")
    assert "telemetry_jar_raw.csv: DIALECT: columns are separated by ';'" in told
    assert "'separator=;'" in told
    rows = loaded(world, "semicolon", "separator=;", "decimal=,")
    assert rows == 480
    return f"DIALECT with the file and the terms; with them {rows} rows are loaded"


def utf16(world: Imported) -> str:
    told = refused(world, "utf16")
    assert "telemetry_jar_raw.csv: ENCODING: UTF-16 byte-order mark" in told
    assert "export as UTF-8" in told
    return "ENCODING with the file: UTF-16 byte-order mark; export as UTF-8"


def months_apart(world: Imported) -> str:
    world.site("first-use")
    own = Units.of(world, f"{FIRST_USE}/fleet/month_without_rows")
    done = world.command(
        "backfill", "--site", "first-use", "--from", "2026-02", "--to", "2026-02", "--here"
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "no rows of 2026-02" in done.output
    query = (
        "SELECT DISTINCT to_char(captured_at AT TIME ZONE 'Asia/Bangkok', 'YYYY-MM') "
        "FROM fleet.digital_twin_state WHERE battery_id::text = ANY(:jars) ORDER BY 1"
    )
    months = [month for (month,) in world.rows(query, jars=own.jars)]
    assert months == ["2026-01", "2026-03"]
    return "no rows of 2026-02 is said, exit 0; health for 2026-01 and 2026-03"


CASES = (
    Case(FIRST_USE, "fleet/renamed", FOREIGN, "refused naming the columns found and missing; read with a mapping",
         renamed),
    Case(FIRST_USE, "fleet/semicolon", FOREIGN, "DIALECT with the file; 480 rows with the contract", semicolon),
    Case(FIRST_USE, "fleet/utf16", FOREIGN, "ENCODING with the file", utf16),
    Case(FIRST_USE, "fleet/month_without_rows", "months without rows are no failure",
         "backfill says no rows of 2026-02 and goes on", months_apart),
)  # fmt: skip
