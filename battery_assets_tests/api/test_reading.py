"""Lists and single rows: what callers see of them, page by page, in each form."""

import io
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.actions.reading.catalogue import RESOURCES
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry.staleness import mark_stale
from battery_assets.platform.registry.tables import partition_version
from battery_assets_tests.worlds.api.two_sites import JARS, MONTH
from battery_assets_tests.worlds.stores import of

OF_SITES = sorted(name for name, one in RESOURCES.items() if one.site is not None)
OF_NONE = sorted(set(RESOURCES) - set(OF_SITES))


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_every_list_answers_in_each_form(ask, name):
    answer = ask("GET", f"/{name}")
    assert answer.status_code == 200, answer.text
    rows = answer.json()["items"]
    csv = pl.read_csv(ask("GET", f"/{name}?format=csv").content, infer_schema=False)
    arrow = pl.read_ipc_stream(io.BytesIO(ask("GET", f"/{name}?format=arrow").content))
    assert csv.height == arrow.height == len(rows)
    assert csv.columns == arrow.columns == list(RESOURCES[name].fields)
    assert all(set(row) == set(RESOURCES[name].fields) for row in rows)


def test_a_jar_shows_its_health_and_life(ask):
    jar = ask("GET", "/jars/alpha-j0").json()
    assert (jar["soh_pct"], jar["rul_days"], jar["string_code"], jar["site"]) == (
        90,
        100,
        "alpha-s1",
        "alpha",
    )
    life = ask("GET", f"/predictions?battery_id={jar['battery_id']}").json()["items"]
    assert [one["explanation_json"] for one in life] == [{"words": "=HYPERLINK(1)"}]


def test_a_row_says_that_what_it_was_made_from_has_changed(ask):
    """A life that is to be made again is told in its own list, in that of jars, and in visits; of its site."""
    lists = {"jars": t.rul_prediction, "predictions": t.rul_prediction, "twin-states": t.digital_twin_state,
             "alerts": t.alert, "incidents": t.incident, "work-orders": t.work_order}  # fmt: skip
    assert {name for name, one in RESOURCES.items() if one.monthly is not None} <= {
        name for name, one in RESOURCES.items() if "stale" in one.fields
    }

    def stale(name: str) -> set[tuple[str, bool]]:
        return {(row["site"], row["stale"]) for row in ask("GET", f"/{name}").json()["items"]}

    warehouse, part = ask.app.state.platform.warehouse, Part("alpha", MONTH)
    version, sites = partition_version, {("alpha", True), ("beta", False)}
    assert all(stale(name) == {("alpha", False), ("beta", False)} for name in lists)
    with warehouse.transaction() as connection:
        for table in lists.values():
            mark_stale(connection, table, part)
        told = connection.begin_nested()
        connection.execute(sa.update(t.rul_prediction).values(failure_probability_90d=0.1))
        visits = sa.text("SELECT DISTINCT site, stale FROM fleet.next_best_visit")
        assert {tuple(row) for row in connection.execute(visits)} == sites
        told.rollback()
    try:
        assert {name for name in lists if stale(name) != sites} == set()
        assert ask("GET", "/jars/alpha-j0").json()["stale"]
    finally:
        with warehouse.transaction() as connection:
            changed = sa.update(version).where(version.c.state == "stale").values(state="current")
            connection.execute(changed)


@pytest.mark.parametrize("name", OF_SITES)
def test_nobody_sees_another_s_site(ask, name):
    for form in ("json", "csv"):
        assert b"alpha" not in ask("GET", f"/{name}?format={form}", key="beta").content
    assert ask("GET", f"/{name}?site=alpha", key="beta").json()["items"] == []


def test_one_row_of_another_s_site_is_not_there(ask):
    for path in (
        "/jars/alpha-j0",
        "/incidents/INC-2025-ALPHA",
        "/sites/alpha",
        f"/alerts/{of(t.alert, 'alpha-low')}",
    ):
        assert ask("GET", path).status_code == 200
        assert ask("GET", path, key="beta").status_code == 404
        assert ask("GET", path.replace("alpha", "beta").replace("ALPHA", "BETA")).status_code in (200, 404)


@pytest.mark.parametrize("name", OF_NONE)
def test_what_belongs_to_no_site_is_for_those_who_see_all(ask, name):
    assert ask("GET", f"/{name}", key="beta").status_code == 403


def test_without_a_key_or_its_scope_nobody_reads(ask):
    for name in RESOURCES:
        refused = ask("GET", f"/{name}", key="")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "APIKey")
        assert ask("GET", f"/{name}", key="none").status_code == 403


def test_pages_together_are_the_list(ask):
    whole = [row["battery_id"] for row in ask("GET", "/jars?limit=1000").json()["items"]]
    paged, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/jars?limit=3{f'&cursor={cursor}' if cursor else ''}").json()
        assert len(page["items"]) <= 3
        paged += [row["battery_id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert paged == whole
    assert len(whole) == 2 * JARS
    half = ask("GET", "/jars?limit=3&format=csv")
    rest = ask("GET", f"/jars?limit=100&format=csv&cursor={half.headers['x-next-cursor']}")
    assert pl.read_csv(rest.content).height == 2 * JARS - 3


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJqYXJzIiwgMV0", "eyJhIjoxfQ", "WyJzaXRlcyIsICJ4Il0"])
def test_a_cursor_that_is_none_of_the_list_is_refused(ask, cursor):
    answer = ask("GET", f"/jars?cursor={cursor}")
    assert (answer.status_code, answer.json()["detail"]) == (422, "cursor: it is none of this list")


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ("nothing=1", "query.nothing"),
        ("limit=0", "query.limit"),
        ("limit=5000", "query.limit"),
        ("severity=awful", "query.severity.0"),
        ("battery_id=1", "query.battery_id.0"),
        ("since=2025-03-01T00:00:00", "query.since"),
        ("format=xml", "query.format"),
    ],
)
def test_terms_that_cannot_be_name_their_field(ask, terms, field):
    answer = ask("GET", f"/alerts?{terms}")
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_filters_narrow_the_list(ask):
    jar = of(t.battery, "beta-j1")
    for terms in (f"battery_id={jar}", f"battery_id={jar}&site=beta&month={MONTH}&newest=true"):
        assert [row["rul_days"] for row in ask("GET", f"/predictions?{terms}").json()["items"]] == [200]
    assert ask("GET", "/predictions?since=2025-04-01T00:00:00Z").json()["items"] == []
    assert ask("GET", "/predictions?site=alpha'--").json()["items"] == []


def test_a_cell_that_looks_like_a_formula_is_text_in_csv(ask):
    assert pl.read_csv(ask("GET", "/incidents?format=csv&site=beta").content)["title"].to_list() == ["'=beta"]


def test_what_was_not_known_yet_is_not_shown(ask):
    before = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ask("GET", f"/predictions?as_of={before}").json()["items"] == []
    jars = ask("GET", f"/jars?as_of={before}").json()["items"]
    assert {row["rul_days"] for row in jars} == {None}
    ask.doorman.known["vendor"] = Caller(
        "key:4", "vendor", frozenset(SCOPES), ceiling=datetime.now(UTC) - timedelta(days=1)
    )
    assert ask("GET", "/predictions?as_of=2999-01-01T00:00:00Z", key="vendor").json()["items"] == []
    assert ask("GET", "/incidents", key="vendor").json()["items"] == []
    refused = ask("GET", "/hpo-campaigns", key="vendor")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "query.as_of")


def test_a_filter_of_few_words_is_refused_with_these_and_not_with_what_was_sent(ask):
    refused = ask("GET", "/incidents?status=opn")
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert fault["field"].startswith("query.status")
    assert fault["message"].startswith("write one of ")
    assert "resolved" in fault["message"]
    assert "opn" not in refused.text
