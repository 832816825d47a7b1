"""The text of a key."""

from hypothesis import given
from hypothesis import strategies as st

from battery_assets.actions.people import key_text


def test_asvs_7_2_3_a_key_is_one_word_of_256_bits():
    prefix, secret, text = key_text.fresh()
    assert len(text) == 60
    assert text.replace("_", "").isalnum()
    assert 62**key_text.SECRET_LENGTH > 2**256
    assert key_text.parts(text) == (prefix, secret)
    assert len({key_text.fresh()[2] for _ in range(100)}) == 100


def test_a_typing_error_is_seen_without_asking_anybody():
    _, _, text = key_text.fresh()
    wrong = [text[:k] + ("A" if text[k] != "A" else "B") + text[k + 1 :] for k in range(3, 60)]
    assert not [one for one in wrong if key_text.parts(one)]
    assert key_text.parts(text[:20] + text[21] + text[20] + text[22:]) is None or text[20] == text[21]


def test_the_checksum_keeps_its_leading_zeros():
    found = [key_text._check(f"ba_{k}") for k in range(2000)]
    assert {len(one) for one in found} == {6}
    assert any(one.startswith("0") for one in found)


@given(st.text(max_size=80))
def test_nothing_else_is_a_key(text):
    assert key_text.parts(text) is None
