"""The text of a key: `ba_`, its identifier, its secret, a checksum. Scanners find it, typing errors are seen.

After GitHub's tokens: letters and digits alone, so that a double click takes the whole; a checksum at the
end (CRC-32 in base 62, with its leading zeros), so that what is no key is refused before anything is asked.
"""

import re
import secrets
import string
import zlib

SIGN, ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = "ba_", 8, 43, 6
PREFIX_LENGTH = len(SIGN) + ID_LENGTH
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
FORM = re.compile(
    rf"({SIGN}[0-9A-Za-z]{{{ID_LENGTH}}})([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECK_LENGTH}}})"
)


def fresh() -> tuple[str, str, str]:
    """A new key: its prefix, its secret of 256 bits, its whole text."""
    prefix, secret = SIGN + _random(ID_LENGTH), _random(SECRET_LENGTH)
    return prefix, secret, f"{prefix}{secret}{_check(prefix + secret)}"


def parts(text: str) -> tuple[str, str] | None:
    """Prefix and secret of a key; None for what is none."""
    match = FORM.fullmatch(text)
    if match is None or _check(match[1] + match[2]) != match[3]:
        return None
    return match[1], match[2]


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _check(text: str) -> str:
    rest, digits = zlib.crc32(text.encode("ascii")), ""
    for _ in range(CHECK_LENGTH):
        rest, place = divmod(rest, len(_LETTERS))
        digits = _LETTERS[place] + digits
    return digits
