"""The console in a real browser: what a person at night does, on a desk and on a phone.

Debian's chromium drives it; where that is absent the tests say so and are passed over.
"""

import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from battery_assets.hosting.guard import Guard
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.console.night import CODE, put_night
from battery_assets_tests.worlds.console.visitor import opened
from battery_assets_tests.worlds.people.signed_in import PASSWORD, enrolled

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
PAGES = ("/", "/sites/alpha", "/jars/alpha-j0", "/incidents", f"/incidents/{CODE}", "/work-orders", "/data",
         "/models", "/messages", "/account", "/account/preferences", "/account/keys", "/account/webhooks",
         "/account/people", "/account/logs")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Debian's chromium."""
    if not CHROMIUM.exists():
        warnings.warn(
            f"NO BROWSER: {CHROMIUM} not found; install Debian's chromium", UserWarning, stacklevel=1
        )
        pytest.skip(f"no browser: {CHROMIUM}; install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def listening(app) -> Iterator[str]:
    """The address of an application that answers on loopback."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(Guard(app), host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "it does not answer"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def served(migrated_url, database_settings, tmp_path_factory) -> Iterator[tuple]:
    """The address of a console over a night, and its admin."""
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lake")))
        put_night(warehouse)
        with opened(warehouse, database_settings) as console:
            ada = enrolled(console.accounts, "ada", "admin")
            with listening(console.app) as address:
                yield address, ada


@pytest.fixture
def visit(browser, served) -> Iterator:
    """A browser's page, signed in where asked; at the end nothing may have gone elsewhere or gone wrong."""
    address, ada = served
    contexts, asked, said = [], [], []

    def begin(screen: dict[str, int], *, signed_in: bool = True, scheme: str = "light"):  # type: ignore[no-untyped-def]
        context = browser.new_context(viewport=screen, color_scheme=scheme, base_url=address)
        contexts.append(context)
        if signed_in:
            context.add_cookies([{"name": "battery_session", "value": ada.token, "url": address}])
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield begin
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(f"{address}/")] == []
    assert said == []


def serious(page) -> list[str]:
    """What axe finds serious or critical on a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_a_person_signs_in_finds_the_jar_that_fails_first_and_acknowledges(visit, served):
    _, ada = served
    page = visit(DESK, signed_in=False)
    page.goto("/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code of your authenticator").fill(ada.codes[0])
    page.get_by_role("button", name="Go on").click()
    # First click: the jar that fails first. It says why.
    page.get_by_role("region", name="Table of jars").get_by_role("link", name="alpha-j0").click()
    assert "With 8 years of age" in page.locator("#why + p").inner_text()
    # Second click: its incident; third: it is looked after, without the page being loaded anew.
    page.get_by_role("region", name="Incidents").get_by_role("link").first.click()
    assert page.url.endswith(f"/incidents/{CODE}")
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("Acknowledged by").wait_for()
    assert page.evaluate("window.stayed") is True
    page.reload()
    assert "ada acknowledged" in page.locator("#incident").inner_text()


def test_the_heat_map_changes_its_quantity_in_place(visit):
    page = visit(DESK)
    page.goto("/sites/alpha")
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Resistance", exact=True).click()
    page.get_by_text("over 150 % of new").wait_for()
    assert page.evaluate("window.stayed") is True
    assert page.url.endswith("show=resistance")
    assert page.get_by_title("alpha-j0: 160 % of new").inner_text() == "160"


@pytest.mark.parametrize(("screen", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_every_page_is_usable_by_screen_reader_and_fits(visit, screen, scheme):
    page = visit(screen, scheme=scheme)
    for path in PAGES:
        page.goto(path)
        assert serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_keyboard_reaches_the_content_and_the_first_jar(visit):
    page = visit(DESK)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id || location.hash") in ("main", "#main")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href') || ''").startswith("/jars/"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/jars/*")
