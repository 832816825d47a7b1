"""The books name no mail address, in whatever column of a foreign file it stood."""

import pytest

from battery_assets.platform.registry.addresses import HIDDEN, cleared, without_addresses


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("BAD_UUID 'a.person@example.org'", f"BAD_UUID '{HIDDEN}'"),
        ("1,,a@b.example,done,mailto:c+d@e.f.example;x", f"1,,{HIDDEN},done,mailto:{HIDDEN};x"),
        ("5 A @ 25 °C", "5 A @ 25 °C"),
        ("a@host without a dot", "a@host without a dot"),
    ],
)
def test_an_address_is_hidden_and_what_is_none_stays(text, kept):
    assert without_addresses(text) == kept


def test_a_row_of_the_books_keeps_its_path_and_its_numbers():
    row = {"path": "north/a@b.example.csv", "reason": "x a@b.example", "value": None, "rows": 3}
    assert cleared(row) == row | {"reason": f"x {HIDDEN}"}
