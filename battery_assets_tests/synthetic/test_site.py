"""Settings of a synthetic site, and what they lead to."""

from datetime import date

import pytest

from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.site import PLACES, SyntheticSite


def test_a_site_needs_only_its_place():
    site = SyntheticSite.from_config("alpha", {"place": "phuket"})
    assert (site.interval_s, site.strings, site.jars_per_string, site.start) == (5, 9, 24, "2024-01")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"place": "atlantis"}, ["place", "atlantis", "bangrak"]),
        ({"place": "bangrak", "colour": "red"}, ["colour", "red", "interval_s"]),
        ({"place": "bangrak", "interval_s": 7}, ["interval_s", "7"]),
        ({"place": "bangrak", "strings": 0}, ["strings", "0", "1 to 36"]),
        ({"place": "bangrak", "seed": "one"}, ["seed", "one"]),
        ({"place": "bangrak", "start": "2024-13"}, ["start", "2024-13", "YYYY-MM"]),
        ({}, ["place", "chiangmai"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name(config, words):
    with pytest.raises(ValueError, match="synthetic site") as refused:
        SyntheticSite.from_config("alpha", config)
    assert all(word in str(refused.value) for word in words)


def test_a_month_outside_the_sites_life_is_refused():
    site = SyntheticSite.from_config("alpha", {"place": "phuket", "start": "2024-03"})
    assert site.first_day("2024-03") == date(2024, 3, 1)
    for month in ("2024-02", "2039-03", "March"):
        with pytest.raises(ValueError, match=month):
            site.first_day(month)


def test_the_nine_places_of_the_fleet_are_there():
    assert len(PLACES) == 9
    assert {place.region for place in PLACES.values()} == {
        "northern", "northeastern", "central", "eastern", "southern"
    }  # fmt: skip


def test_two_sites_of_one_place_share_no_code():
    codes = set()
    for name in ("bangrak", "bangrak-2", "b3"):
        codes |= set(layout(SyntheticSite.from_config(name, {"place": "bangrak"})).string_codes)
    assert len(codes) == 27
    assert all(code.startswith("SYN-BRK-") and len(code) <= 30 for code in codes)


def test_nine_strings_are_six_ups_and_three_rectifier():
    systems = layout(SyntheticSite.from_config("alpha", {"place": "phuket"})).systems
    assert [(system.kind, len(system.strings)) for system in systems] == [("UPS", 6), ("RECTIFIER", 3)]
