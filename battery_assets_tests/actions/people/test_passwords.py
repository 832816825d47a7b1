"""Passwords: what is taken, and that a hash costs the same whoever is named."""

import threading

import pytest

from battery_assets.actions.people import passwords


def test_asvs_6_2_1_eight_characters_at_least():
    with pytest.raises(passwords.PasswordRefused, match="8 to 4096"):
        passwords.check("seven 7")
    passwords.check("eight 8!")


@pytest.mark.parametrize("password", ["PASSWORD", "12345678", "baseball", "ｐａｓｓｗｏｒｄ"])  # fmt: skip
def test_asvs_6_2_4_and_6_2_12_common_passwords_are_refused(password):
    with pytest.raises(passwords.PasswordRefused, match="common") as refused:
        passwords.check(password)
    assert password not in str(refused.value)
    assert len(passwords.common()) >= 3000


@pytest.mark.parametrize("password", ["aaaaaaaab", "nothing but letters", "ไทยภาษาไทย", "7" * 7 + "8" * 57])  # fmt: skip
def test_asvs_6_2_5_nothing_is_asked_of_its_composition(password):
    passwords.check(password)


def test_asvs_6_2_9_long_ones_are_taken_whole():
    kept = passwords.hashed("x" * 4096)
    assert passwords.verified("x" * 4096, kept) == (True, None)
    assert passwords.verified("x" * 4095, kept) == (False, None)
    assert passwords.verified("x" * 5000, kept) == (False, None)


def test_asvs_6_2_11_words_of_the_account_are_refused():
    with pytest.raises(passwords.PasswordRefused, match="name of the account"):
        passwords.check("anna.lee1234", "anna.lee")
    passwords.check("anna.lee hums in the cold", "anna.lee")


def test_argon2id_of_19_mib_and_two_passes():
    kept = passwords.hashed("seven cold batteries")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verified("seven cold batteries", kept) == (True, None)


def test_weaker_hashes_are_made_anew_and_odd_ones_are_no_password():
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("seven cold batteries")
    right, fresh = passwords.verified("seven cold batteries", weak)
    assert right
    assert fresh is not None
    assert fresh.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    for odd in ("", "nonsense", "$2b$12$abc", None):
        assert passwords.verified("seven cold batteries", odd) == (False, None)


def test_two_hash_two_wait_and_the_next_is_sent_away():
    inside, free = [threading.Event() for _ in range(2)], threading.Event()

    def hold(entered: threading.Event) -> None:
        with passwords.turn():
            entered.set()
            free.wait(30)

    threads = [threading.Thread(target=hold, args=(one,)) for one in inside]
    waiting = [threading.Thread(target=hold, args=(threading.Event(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert all(one.wait(30) for one in inside)
    for thread in waiting:
        thread.start()
    while passwords._PLACES._value:
        pass
    with pytest.raises(passwords.Busy), passwords.turn():
        pass
    free.set()
    for thread in (*threads, *waiting):
        thread.join(30)
    with passwords.turn():
        pass
