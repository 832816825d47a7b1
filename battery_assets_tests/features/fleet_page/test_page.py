"""The page of a month shows every jar and asks nobody for anything, whatever codes hold."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from battery_assets.features.fleet_page.contents import FleetMonth
from battery_assets.features.fleet_page.lives import bar
from battery_assets.features.fleet_page.page import page
from battery_assets_tests.features.fleet_page.reported import JARS, MARKUP, empty_month, month

VOID = {"meta", "br"}
ASKING = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "background"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text between them. Every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def cells(self) -> int:
        return sum(tag == "rect" and attrs["height"] == "1" for tag, attrs in self.elements)


def of_fleet(at: FleetMonth) -> str:
    return page(at, of_fleet=True)


def with_markup(at: FleetMonth) -> FleetMonth:
    """The same month in which every text is markup."""

    def marked(frame: pl.DataFrame) -> pl.DataFrame:
        keep = {"site", "severity", "load", "incident_code"}
        texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in keep]
        return frame.with_columns(pl.col(name) + MARKUP for name in texts)

    frames = ("jars", "strings", "incidents", "renewed", "rules")
    changed = {name: marked(getattr(at, name)) for name in frames}
    return replace(at, models=[(MARKUP, {})], stale=[MARKUP], **changed)


def test_text_of_exports_is_escaped_wherever_it_stands():
    for of_site in (False, True):
        at = with_markup(month())
        text = page(at.of_site("phuket"), of_fleet=False) if of_site else of_fleet(at)
        assert "<script" not in text
        read = Reader(text)
        assert not read.open
        assert "script" not in {tag for tag, _ in read.elements}
        assert "".join(read.text).count(MARKUP) > 10, "the text itself is shown"


@pytest.mark.parametrize(
    "at", [month(), with_markup(month()), empty_month()], ids=["full", "marked", "empty"]
)
def test_nothing_is_asked_of_any_other_host(at):
    read = Reader(of_fleet(at))
    asked = {value for _, attrs in read.elements for name, value in attrs.items() if name in ASKING}
    assert asked == {"site-bangrak.html", "site-phuket.html", "work-orders.csv"}
    style = "".join(re.findall(r"<style>(.*?)</style>", of_fleet(at), re.DOTALL))
    assert style
    assert not re.search(r"url\(|@import|@font-face", style)
    handlers = [name for _, attrs in read.elements for name in attrs if name.startswith("on")]
    assert not handlers
    [policy] = [
        attrs["content"] for tag, attrs in read.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    assert policy.startswith("default-src 'none'")


def test_every_jar_is_in_the_heat_map_of_its_site():
    at = month()
    assert Reader(of_fleet(at)).cells() == at.jars.height == sum(JARS.values())
    text = page(at.of_site("phuket"), of_fleet=False)
    assert Reader(text).cells() == JARS["phuket", "PKT-S1"]
    assert "PKT-S1-J05: 81 %" in text
    assert "BKK" not in text
    unknown = empty_month()
    assert Reader(of_fleet(unknown)).cells() == unknown.jars.height
    assert of_fleet(unknown).count(": not known</title>") == unknown.jars.height


def test_a_worn_jar_and_one_with_a_fault_are_told_by_more_than_colour():
    at = month()
    fault = pl.when(pl.col("jar") == "PKT-S1-J01").then(pl.lit("shorted_cell")).alias("fault")
    worn = at.jars.filter(pl.col("soh_pct") < 80.0).height
    assert worn == 1
    crosses = r'class="bad"><title>[^<]*</title></rect><path d="M'
    assert len(re.findall(crosses, of_fleet(at))) == worn
    faulty = of_fleet(replace(at, jars=at.jars.with_columns(fault)))
    assert len(re.findall(crosses, faulty)) == worn + 1
    assert "PKT-S1-J01: shorted cell" in faulty


def test_a_phone_and_a_dark_screen_are_thought_of():
    text = of_fleet(month())
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media (max-width" in text


def test_an_empty_month_says_so_and_a_silent_site_too():
    text = of_fleet(empty_month())
    assert "The month is empty: no state of any jar of 2026-03 is there." in text
    for words in (
        "No incident was open.",
        "No remaining life",
        "No ride-through",
        "Nothing of the month before is there",
    ):
        assert words in text
    at = month()
    heard = replace(
        at,
        jars=at.jars.with_columns(pl.when(pl.col("site") == "bangrak").then("soh_pct")),
        strings=at.strings.filter(pl.col("site") == "bangrak"),
    )
    assert "Nothing of 2026-03 is there of phuket." in of_fleet(heard)
    assert "The month is empty" not in of_fleet(heard)
    assert "month is empty" not in of_fleet(at)
    nobody = replace(empty_month(), sites=[], jars=at.jars.clear())
    assert "The month is empty" in of_fleet(nobody)


def test_an_open_incident_has_its_age_and_the_late_ones_are_marked():
    text = of_fleet(month())
    assert '<td class="r">40</td><td class="l"><span class="late">late: 2026-03-29</span></td>' in text
    assert text.index("INC-OLD", text.index('id="incidents"')) < text.rindex("INC-NEW")
    assert "INC-GONE" not in text[text.index('id="incidents"') :]
    assert "open incidents, 1 late" in text


def test_what_the_load_is_lost_by_is_told_with_the_month():
    text = page(month().of_site("bangrak"), of_fleet=False)
    assert '<td class="l">2027-05</td>' in text
    later = replace(month(), strings=month().strings.with_columns(load_lost_days=pl.lit(None, pl.Float64)))
    assert "&gt; 10 years" in of_fleet(later)


def test_rules_of_sites_are_added_up():
    rules = of_fleet(month()).partition('id="rules"')[2]
    cells = re.findall(r'<td class="r">([^<]*)</td>', rules.partition("</table>")[0])
    assert cells == ["7", "3", "1", "75", "4", "75"]


def test_the_scoreboard_has_the_cheapest_way_first():
    board = of_fleet(month()).partition('id="decisions"')[2].partition("</table>")[0]
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in board.split("<tr>")[2:]]
    assert rows == [["fused", "1", "2", "61", "10", "21.5"], ["nobody", "9", "0", "-", "0", "90.0"]]
    assert "No model says" in of_fleet(replace(month(), models=[("rul 1", {"c_index": 0.9})]))


def test_a_bar_of_a_life_reaches_from_its_lower_to_its_upper_end():
    def ends(text: str) -> tuple[float, float]:
        [(x, wide)] = re.findall(r'<rect x="([\d.]+)" y="2.5" width="([\d.]+)"', text)
        return float(x), float(x) + float(wide)

    assert ends(bar(90.0, 7.0, 3652.0)) == (0.0, 100.0)
    assert ends(bar(90.0, 30.0, None))[1] == 100.0
    assert ends(bar(0.0, 0.0, 0.0)) == (0.0, 0.8)
    first, second = ends(bar(90.0, 30.0, 365.0)), ends(bar(90.0, 60.0, 200.0))
    assert first[0] < second[0] < second[1] < first[1]
    assert bar(None, None, None) == ""
