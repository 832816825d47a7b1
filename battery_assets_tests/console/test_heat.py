"""The heat map: every jar in its place, in the band that its value belongs to."""

import pytest

from battery_assets.console.heat import QUANTITIES, heat_map


def jar(position: int, string: str = "s1", **values: object) -> dict:
    """A row of a site's overview."""
    empty = dict.fromkeys((one.column for one in QUANTITIES.values()), None)
    return {"string_code": string, "battery_code": f"{string}-j{position}", "position_in_string": position,
            "fault": None, **empty, **values}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "css", "text"),
    [
        ("health", 79.9, "h0", "80"), ("health", 80.0, "h1", "80"), ("health", 95.0, "h4", "95"),
        ("resistance", 150.1, "h0", "150"), ("resistance", 150.0, "h1", "150"), ("resistance", 100.0, "h4", "100"),
        ("temperature", 46.0, "h0", "46"), ("temperature", 20.0, "h4", "20"),
        ("deviation", 0.2501, "h1", "250"), ("deviation", 0.08, "h4", "80"),
        ("risk", 0.51, "h0", "51"), ("risk", 0.0, "h4", "0"),
    ],
)  # fmt: skip
def test_a_value_has_the_band_of_its_edges(name, value, css, text):
    [(_, [cell])] = heat_map([jar(1, **{QUANTITIES[name].column: value})], name).rows
    assert cell is not None
    assert (cell[0], cell[2]) == (css, text)


@pytest.mark.parametrize("name", QUANTITIES)
def test_the_legend_has_a_line_for_each_band_from_worst_to_best(name):
    bands = QUANTITIES[name].bands()
    assert [css for css, _ in bands] == ["h0", "h1", "h2", "h3", "h4"]
    assert all(QUANTITIES[name].unit in words for _, words in bands)


def test_what_is_not_known_and_what_is_faulty_say_so():
    [(_, cells)] = heat_map([jar(1), jar(2, soh_pct=99.0, fault="shorted_cell")], "health").rows
    assert cells == [
        ("hn", "s1-j1", "?", "not known"),
        ("h4 f", "s1-j2", "99", "shorted cell"),
    ]


def test_a_gap_in_a_string_stays_a_gap():
    found = heat_map([jar(1), jar(3), jar(2, "s2")], "health")
    assert found.positions == [1, 2, 3]
    assert [(string, [cell is not None for cell in cells]) for string, cells in found.rows] == [
        ("s1", [True, False, True]),
        ("s2", [False, True, False]),
    ]


def test_an_unknown_quantity_is_health_and_no_jar_is_no_row():
    assert heat_map([], "nonsense").quantity.name == "health"
    assert heat_map([], "health").rows == []
