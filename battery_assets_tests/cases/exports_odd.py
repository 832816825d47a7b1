"""Exports with one odd row or file: told, counted, and the month is computed without it."""

from battery_assets_tests.cases.imported import Imported, Units
from battery_assets_tests.cases.record import BAD_INPUT, Case

ODD_ROW = "one odd row stops no month"
ODD_FILE = "a file that cannot be read is told with its reason"


def computed(world: Imported, case: str, jars: int = 24) -> Units:
    """The units of a case all of whose jars have a health and a life."""
    world.site("odd")
    own = Units.of(world, f"{BAD_INPUT}/{case}")
    assert own.states().height == own.lives() == jars
    return own


def unknown_jar(world: Imported) -> str:
    computed(world, "unknown_jar")
    told = world.found("odd", "d08562f5-7bd4-527e-a4d2-d9f12807877b x 1")
    assert "rows are of" in told
    return "d08562f5-7bd4-527e-a4d2-d9f12807877b x 1 is told; 24 jars have a health and a life"


def year_2001(world: Imported) -> str:
    computed(world, "year_2001")
    world.found("odd", "rows of 2001-01 are no month's that is kept")
    return "rows of 2001-01 are told as of no month that is kept; 24 jars have a health and a life"


def misnamed(world: Imported) -> str:
    computed(world, "misnamed_file")
    query = "SELECT reason FROM platform.quarantined_row WHERE site = 'odd' AND file LIKE '%telemetry_jars_2026.csv'"
    reasons = {reason for (reason,) in world.rows(query)}
    assert reasons == {"UNKNOWN_TABLE"}
    assert "telemetry_jars_2026.csv' is not named as a table" in world.site("odd").output
    return "telemetry_jars_2026.csv: UNKNOWN_TABLE, in quarantine and on the screen; 24 jars have a health and a life"


def markup(world: Imported) -> str:
    computed(world, "markup_code")
    assert "[/]S1" in world.site("odd").output
    shown = world.command("report", "--site", "odd")
    assert shown.exit_code == 0
    return "import and report show [/]S1 as it stands"


def zero_capacity(world: Imported) -> str:
    computed(world, "zero_capacity")
    world.found("odd", "capacity_ah: 1 rows have 0")
    return "capacity_ah: 1 rows have 0 is told; 24 jars have a health and a life"


def cyclic(world: Imported) -> str:
    computed(world, "cyclic_replacement")
    world.found("odd", "replacement_of: 2 rows name each other in a ring, left empty")
    return "replacement_of: 2 rows name each other in a ring, left empty; 24 jars have a health and a life"


def user_row(world: Imported) -> str:
    world.site("odd")
    query = "SELECT reason, value, raw FROM platform.quarantine WHERE site = 'odd' AND table_name = 'user'"
    rows = set(world.rows(query, role="battery_analyst"))
    assert rows == {("NOT_IN_ENUM", None, None)}
    return "NOT_IN_ENUM; the analyst sees neither value nor row"


def two_strings(world: Imported) -> str:
    own = computed(world, "jar_in_two_strings", jars=23)
    [jar] = set(own.jars) - set(own.states()["battery_id"])
    told = world.found("odd", f"{jar} x 48")
    assert "that battery does not name" in told
    query = (
        "SELECT DISTINCT raw FROM platform.quarantined_row WHERE site = 'odd' AND table_name = 'battery' "
        "AND reason = 'CONFLICTING_DUPLICATE'"
    )
    assert len([raw for (raw,) in world.rows(query) if jar in raw]) == 2
    accused = [words for words in own.alerts()["message"] if "sum of jars" in words]
    assert accused == []
    return f"{jar}: both rows in quarantine, its 48 samples told; no other jar or meter is accused"


def truncated(world: Imported) -> str:
    done = world.site("odd")
    assert done.exit_code != 0
    assert "telemetry_jar_raw.csv.gz was refused: TRUNCATED_ARCHIVE" in done.output
    assert "next step: " in done.output
    return "the command fails: telemetry_jar_raw.csv.gz was refused: TRUNCATED_ARCHIVE, and a next step"


def bomb(world: Imported) -> str:
    done = world.site("odd")
    words = "maintenance_event.parquet was refused: TOO_LARGE: its texts unpack to 2,003,000,000 bytes"
    assert words in done.output
    return (
        "maintenance_event.parquet was refused: TOO_LARGE: its texts unpack to 2,003,000,000 bytes and more"
    )


def reissued(world: Imported) -> str:
    case = world.shared / BAD_INPUT / "reissued_model"
    for part in ("first", "second"):
        done = world.alone(case / part, "reissued", zone="UTC")
        assert done.exit_code == 0, done.output
    told = [words for words in world.findings("reissued") if words.startswith("model_name: ")]
    assert len([words for words in told if "is the name of" in words]) == 2
    assert Units.of(world, f"{BAD_INPUT}/reissued_model/first").states().height == 24
    return "both new ids are told beside the names they share; 24 jars have a health; exit 0"


CASES = (
    Case(BAD_INPUT, "unknown_jar", ODD_ROW, "the month runs; the jar is told by its id, its rows counted", unknown_jar),
    Case(BAD_INPUT, "year_2001", ODD_ROW, "2026-11 is loaded; the row is told", year_2001),
    Case(BAD_INPUT, "zero_capacity", ODD_ROW, "told, and the month runs", zero_capacity),
    Case(BAD_INPUT, "cyclic_replacement", ODD_ROW, "told, and the month runs", cyclic),
    Case(BAD_INPUT, "jar_in_two_strings", ODD_ROW, "the jar of the refused rows is named, no other", two_strings),
    Case(BAD_INPUT, "markup_code", "codes are shown as they stand", "shown as it stands", markup),
    Case(BAD_INPUT, "misnamed_file", ODD_FILE, "told with its name and reason, in quarantine", misnamed),
    Case(BAD_INPUT, "truncated_gzip", ODD_FILE, "file, reason and next step; the command fails", truncated),
    Case(BAD_INPUT, "parquet_text_bomb", ODD_FILE, "refused TOO_LARGE before it is decoded", bomb),
    Case(BAD_INPUT, "user_bad_row", "quarantine hides how to reach a person", "no e-mail is readable", user_row),
    Case(BAD_INPUT, "reissued_model", "ids that are issued anew stop no site", "told; the site goes on", reissued),
)  # fmt: skip
