"""Passwords: what is taken, and how they are kept (argon2id, 19 MiB, two passes)."""

import functools
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from battery_assets.errors import UserError

LEAST, ADVISED, MOST = 8, 15, 4096
# A hash takes 19 MiB and a core for tens of milliseconds: more at once would starve who is signed in.
AT_ONCE, WAITING = 2, 2
# Two who hash, two who wait: who comes beyond that is sent away at once and holds no thread.
_PLACES, _SLOTS = threading.BoundedSemaphore(AT_ONCE + WAITING), threading.BoundedSemaphore(AT_ONCE)


class PasswordRefused(UserError):
    """A new password that is not taken; the message never holds it."""


class Busy(UserError):
    """Too many sign in at this moment."""


def check(password: str, *own_words: str) -> None:
    """Raise PasswordRefused for what is too short, common, or a word of the account's own.

    Nothing is asked of its composition, and nothing is cut off or changed.
    """
    if not LEAST <= len(password) <= MOST:
        raise PasswordRefused(
            f"the password has not {LEAST} to {MOST} characters",
            f"choose {ADVISED} or more, such as four words",
        )
    plain = unicodedata.normalize("NFKC", password).casefold()
    if plain in common():
        raise PasswordRefused("the password is one of the most common ones", "choose another one")
    words = [word.casefold() for word in own_words if len(word) >= 4]
    if any(word in plain and len(plain) - len(word) < LEAST for word in words):
        raise PasswordRefused(
            "the password is little more than a name of the account", "choose one that does not contain it"
        )


@functools.cache
def common() -> frozenset[str]:
    """Common passwords of at least LEAST characters, in small letters.

    They are those of the frequency list "passwords" of zxcvbn (MIT), which counted leaked ones; most common
    first in the file.
    """
    text = (resources.files(__package__) / "common_passwords.txt").read_text(encoding="ascii")
    return frozenset(text.split("\n")) - {""}


@contextmanager
def turn() -> Iterator[None]:
    """A turn to hash a password. Raises Busy where two hash and two wait."""
    if not _PLACES.acquire(blocking=False):
        raise Busy("too many people sign in at this moment", "try again in a few seconds")
    try:
        with _SLOTS:
            yield
    finally:
        _PLACES.release()


def hashed(password: str) -> str:
    """What the database keeps of a password."""
    return str(_hasher().hash(password))


def verified(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the password, and what is to be kept from now on where that changes.

    Where nothing is kept, as for an account that there is not, a hash of the same cost is made all the same:
    the time it takes tells nobody which accounts there are.
    """
    if len(password) > MOST:
        password, kept = password[:MOST], None
    from pwdlib.exceptions import UnknownHashError

    try:
        right, fresh = _hasher().verify_and_update(password, kept or _dummy())
    except UnknownHashError:
        _hasher().verify(password, _dummy())
        right, fresh = False, None
    right = right and kept is not None
    return right, fresh if right else None


@functools.cache
def _hasher():  # type: ignore[no-untyped-def]
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


@functools.cache
def _dummy() -> str:
    return str(_hasher().hash("nobody has this password"))
