"""The page of a month lies beside the tables: what was open at its end, and a line for each order."""

import asyncio
import csv
import io
from pathlib import Path

import dagster as dg
import pytest

from battery_assets.actions.operations.work_orders import imported
from battery_assets.fleet.order_lines import COLUMNS
from battery_assets.fleet.p7_operations.fleet_report import fleet_report
from battery_assets.hosting.guard import Guard
from battery_assets.hosting.pages import Reports
from battery_assets.platform.lake import pages
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SYNTHETIC

MARKED = "<b>jar & 'string'</b>"


@pytest.fixture
def made(site):
    """Two faults of January: one is mended in February, one stays; February is reported as well."""
    marked = site.alert(8, "2025-01-21 10:00") | {"message": MARKED}
    site.run("2025-01", site.alert(1, "2025-01-20 10:00"), marked)
    mended = site.replaced(1, "2025-02-10 10:00")
    site.run("2025-02", site.alert(8, "2025-02-01 00:00"), work=[mended])
    return site


def reported(site, month: str) -> dg.MaterializeResult:
    body = fleet_report.node_def.compute_fn.decorated_fn
    return body(dg.build_asset_context(partition_key=month), warehouse=site.warehouse)


def text_of(result: dg.MaterializeResult, name: str) -> str:
    return (folder_of(result) / Path(result.metadata[name].value).name).read_text(encoding="utf-8")


def folder_of(result: dg.MaterializeResult) -> Path:
    return Path(result.metadata["lies at"].value).parent


def lines(result: dg.MaterializeResult) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text_of(result, "work orders"))))


def test_the_csv_has_a_line_for_each_order_that_was_open_at_the_month_s_end(made):
    first, second = lines(reported(made, "2025-01")), lines(reported(made, "2025-02"))
    codes = [made.jars["battery_code"][k] for k in (1, 8)]
    assert tuple(first[0]) == COLUMNS
    assert [row["unit_code"] for row in first] == codes, "mended later: open at the end of January"
    assert [row["unit_code"] for row in second] == codes[1:]
    assert first[1]["work_order_id"] == second[0]["work_order_id"]
    said = {"work_order_id": second[0]["work_order_id"], "status": "completed"}
    done = {**said, "completed_at": "2025-02-20T10:00+00:00"}
    entered = ",".join(done) + "\n" + ",".join(done.values())
    assert imported(made.warehouse, entered, "cmms").entries == 1
    assert len(lines(reported(made, "2025-01"))) == 2
    assert lines(reported(made, "2025-02")) == []


def test_the_page_names_what_is_open_and_what_changed(made):
    result = reported(made, "2025-02")
    fleet, own = text_of(result, "page"), text_of(result, "page of phuket")
    jar = made.jars["battery_code"][8]
    for text in (fleet, own):
        assert jar in text.partition('id="incidents"')[2]
        assert "Renewed jars" not in text, "the record of the jar is another table's"
        assert "Incidents that ended" in text
        assert "<b>jar" not in text
    assert fleet.count("<rect") == own.count("<rect") == made.jars.height
    assert "Nothing of 2025-02" not in fleet
    assert result.metadata["sites without data"] == ["phuket"]
    assert result.metadata["open incidents"] == result.metadata["work orders to do"] == 1


def test_a_month_that_nobody_made_says_that_it_is_empty(made):
    result = reported(made, "2024-12")
    assert "The month is empty" in text_of(result, "page")
    assert lines(result) == []


def test_the_same_month_gives_the_same_files_and_the_pages_of_a_site_can_go(made):
    first, again = reported(made, "2025-01"), reported(made, "2025-01")
    assert first.data_version == again.data_version
    folder = folder_of(first)
    names = {"fleet.html", "site-phuket.html", "work-orders.csv"}
    assert {path.name for path in folder.iterdir()} == names
    lake = made.warehouse.lake
    (folder / "site-gone.html").write_text("left by a site of before")
    reported(made, "2025-01")
    assert {path.name for path in folder.iterdir()} == names
    reported(made, "2025-02")
    assert pages.forget(lake, "site-other.html") == []
    assert pages.forget(lake, "site-phuket.html") == ["2025-01", "2025-02"]
    assert not list(folder.iterdir())
    assert not pages.exists(lake, "2025-01", "fleet.html")


def test_a_lab_is_no_site_of_the_fleet(made):
    with made.warehouse.transaction() as connection:
        registry.put_site(connection, "bench", LAB_SYNTHETIC, {})
    assert "page of bench" not in reported(made, "2025-01").metadata


def test_dagsters_links_open_the_page_and_its_csv_and_nothing_else(made):
    result, lake = reported(made, "2025-01"), made.warehouse.lake
    opened = {name: answer(lake, result.metadata[name].value) for name in ("page", "work orders")}
    for name, (_, body) in opened.items():
        assert body.decode().replace("\r\n", "\n") == text_of(result, name) != ""
    assert [dict(start["headers"])[b"content-type"][:9] for start, _ in opened.values()] == [
        b"text/html", b"text/csv;"
    ]  # fmt: skip
    assert answer(lake, "/reports/2024-07/fleet.html")[0]["status"] == 404
    link = Path(lake.url, "reports", "2025-01", "site-link.html")
    link.symlink_to("/etc/hostname")
    assert answer(lake, "/reports/2025-01/site-link.html")[0]["status"] == 404
    for other in ("/reports/2025-01/..%2f..", "/reports/2025-01/../x.html", "/reports/2025-01", "/runs"):
        assert answer(lake, other)[0]["status"] == 418, "Dagster's own"


def answer(lake, path: str) -> tuple[dict, bytes]:
    """The first message and the body that a request gets; 418 stands for Dagster's pages."""
    sent: list[dict] = []

    async def dagster(scope, receive, send):
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def keep(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"localhost:3000")]}
    asyncio.run(Guard(Reports(dagster, lake.url))(scope, None, keep))
    return sent[0], sent[1]["body"]
