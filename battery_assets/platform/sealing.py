"""Secrets that have to be read again, such as those of webhooks: sealed with the key of the home.

A dump of the database holds no secret that could be used; whoever has the database and the key file has all.
"""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

KEY_FILE = "secret.key"


class CannotUnseal(RuntimeError):
    """The secret was sealed with another key."""


class Seal:
    """Seals and unseals with the key of a home, which is made with the first use."""

    def __init__(self, home: Path) -> None:
        self._file = home / KEY_FILE

    def seal(self, secret: str) -> str:
        """The secret as the database may keep it."""
        return Fernet(_key(self._file)).encrypt(secret.encode("utf-8")).decode("ascii")

    def unseal(self, sealed: str, within_s: int | None = None) -> str:
        """The secret itself; `within_s`: at most so long after it was sealed. Raises CannotUnseal."""
        try:
            return Fernet(_key(self._file)).decrypt(sealed.encode("utf-8"), within_s).decode("utf-8")
        except (InvalidToken, UnicodeEncodeError) as error:
            raise CannotUnseal(
                f"sealed with another key than that of {self._file}; next step: restore it, or rotate it"
            ) from error

    def pepper(self, purpose: str) -> bytes:
        """A secret derived from the key: another one for each purpose, the same in each process."""
        return hmac.digest(_key(self._file), purpose.encode("ascii"), hashlib.sha256)

    def checksum(self, purpose: str, text: str) -> str:
        """A checksum that only who has the key can make: 64 hexadecimal digits, others for each purpose."""
        return hmac.new(self.pepper(purpose), text.encode("utf-8"), hashlib.sha256).hexdigest()


def _key(file: Path) -> bytes:
    """The key in the file; whoever comes first makes it, whole or not at all."""
    if not file.exists():
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(Fernet.generate_key())
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()
