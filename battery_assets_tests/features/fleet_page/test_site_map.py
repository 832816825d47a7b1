"""The plan of the sites: drawn to scale, coloured by what is open, each label on a line of its own."""

import re
from dataclasses import replace
from itertools import pairwise
from math import cos, radians

import polars as pl
import pytest

from battery_assets.features.fleet_page import contents as c
from battery_assets.features.fleet_page.page import page
from battery_assets.features.fleet_page.site_map import HIGHEST, LINE, WIDTH, site_map
from battery_assets_tests.features.fleet_page.reported import empty_month, frame, month


def circles(drawn: str) -> list[tuple[float, float, float, str]]:
    """x, y, radius and colour of each site, in order of their names."""
    found = re.findall(
        r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" class="(\w+)"><title>(.*?)</title>', drawn
    )
    in_order = sorted(found, key=lambda one: one[-1])
    return [(float(x), float(y), float(r), band) for x, y, r, band, _ in in_order]


def test_sites_lie_to_each_other_as_on_the_ground():
    (x, y, _, _), (other_x, other_y, _, _) = circles(site_map(month()))
    assert other_x < x and other_y > y, "Phuket lies south-west of Bang Rak"
    narrows = cos(radians(0.5 * (13.73 + 7.89)))
    assert (x - other_x) / (other_y - y) == pytest.approx(
        (100.52 - 98.4) * narrows / (13.73 - 7.89), rel=0.01
    )


def test_the_scale_bar_is_as_long_as_it_says():
    drawn = site_map(month())
    [(left, right, km)] = re.findall(r'class="scale" d="M([\d.]+) \S+ V\S+ H([\d.]+) .*?>(\d+) km<', drawn)
    (_, y, _, _), (_, other_y, _, _) = circles(drawn)
    per_km = (other_y - y) / ((13.73 - 7.89) * 111.2)
    assert float(right) - float(left) == pytest.approx(int(km) * per_km, rel=0.01)


def test_colour_is_that_of_the_worst_open_incident():
    assert [band for *_, band in circles(site_map(month()))] == ["bad", "low"]
    calm = month()
    calm = replace(calm, incidents=calm.incidents.filter(~pl.col("open")))
    assert [band for *_, band in circles(site_map(calm))] == ["good", "good"]
    assert [band for *_, band in circles(site_map(empty_month()))] == ["none", "none"]


def test_more_jars_are_a_larger_circle():
    (_, _, large, _), (_, _, small, _) = circles(site_map(month()))
    assert large > small > 0


def test_the_worst_site_lies_on_top():
    drawn = site_map(month())
    assert re.findall(r"<title>(.*?)</title>", drawn) == ["phuket", "bangrak"]


def test_no_label_lies_on_another_and_all_lie_in_the_drawing():
    crowd = [f"site{n:02d}" for n in range(20)]
    rows = [{"site": site, "latitude": 13.7 + 0.001 * n, "longitude": 100.5} for n, site in enumerate(crowd)]
    drawn = site_map(replace(month(), sites=crowd, places=frame(c.PLACES, *rows)))
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', drawn)[1])
    heights = sorted(float(y) for y in re.findall(r'<a href="[^"]+"><text x="[\d.]+" y="([\d.]+)"', drawn))
    assert len(heights) == 20
    assert min(b - a for a, b in pairwise(heights)) >= LINE - 0.2
    assert heights[0] > 0 and heights[-1] < height <= HIGHEST
    assert all(0 < x < WIDTH for x, *_ in circles(drawn))


def test_sites_without_coordinates_are_named():
    at = month()
    half = replace(at, places=at.places.filter(pl.col("site") == "phuket"))
    assert "Without coordinates: bangrak." in site_map(half)
    assert len(circles(site_map(half))) == 1
    assert "No site has coordinates" in site_map(replace(at, places=at.places.clear()))


def test_the_plan_is_on_the_page_of_the_fleet_alone():
    assert 'id="map"' in page(month(), of_fleet=True)
    assert 'id="map"' not in page(month().of_site("phuket"), of_fleet=False)
