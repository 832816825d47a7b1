"""Write `sql/` and the table list of docs/tables.md. `python -m battery_assets.tables.write_sql`."""

from pathlib import Path

from battery_assets import tables as t
from battery_assets.tables.projections import ddl, documentation

PROJECT = Path(__file__).resolve().parents[2]
LISTED_IN = PROJECT / "docs" / "tables.md"
PHASES = {
    1: "p1_master",
    2: "p2_raw_timeseries",
    3: "p3_raw_transactions",
    4: "p4_calculated_telemetry",
    5: "p5_calculated_aggregates",
    6: "p6_ml_digital_twin",
    7: "p7_operations",
}
HEADER = (
    "-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.\n\n"
)


def statements() -> dict[str, str]:
    """File name and content of every generated file."""
    jobs = {
        "jobs.sql": HEADER + ddl(t.KEPT_TABLES),
        "experiments.sql": HEADER + ddl(t.PLATFORM_TABLES),
        "service.sql": HEADER + ddl(t.SERVICE_TABLES),
    }
    return jobs | {
        f"{name}.sql": HEADER + ddl([table for table in t.TABLES if table.info["phase"] == phase])
        for phase, name in PHASES.items()
    }


def main() -> None:
    """Write the files into `sql/` of the project, and the table list into its page."""
    for name, content in statements().items():
        (PROJECT / "sql" / name).write_text(content, encoding="utf-8")
    before, rest = LISTED_IN.read_text(encoding="utf-8").split("<!-- tables -->")
    after = rest.split("<!-- /tables -->")[1]
    shown = f"<!-- tables -->\n{documentation(t.TABLES)}<!-- /tables -->"
    LISTED_IN.write_text(before + shown + after, encoding="utf-8")


if __name__ == "__main__":
    main()
