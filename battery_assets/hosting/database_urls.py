"""Addresses of the databases of warehouse, Dagster and MLflow: from one address, or the embedded server."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from battery_assets.errors import SettingsError

KEY = "BATTERY_DATABASE_URL"
EXAMPLE = "postgresql://user:password@host:5432/battery"
SCHEMES = ("postgresql", "postgresql+psycopg", "postgresql+psycopg2")
# A PostgreSQL name has at most 63 bytes, and "_dagster" is added to this one.
LONGEST_NAME = 55
SUPERUSER = "postgres"


@dataclass(frozen=True)
class DatabaseUrls:
    """SQLAlchemy addresses: the warehouse over psycopg 3, Dagster and MLflow over psycopg2."""

    warehouse: str = field(repr=False)
    dagster: str = field(repr=False)
    mlflow: str = field(repr=False)

    def __str__(self) -> str:
        return redacted(self.warehouse)

    @property
    def analyst(self) -> str:
        """The warehouse as libpq tools take it (psql, DuckDB, BI tools): no driver in the scheme."""
        return libpq_url(self.warehouse)


def redacted(url: str) -> str:
    """The address with every secret in it replaced by ***, fit for logs and error messages."""
    parts = urlsplit(url)
    if "@" in parts.path or "@" in parts.query or "@" in parts.fragment:
        # An unescaped / or ? in a password moves the rest of it out of its place.
        return f"{parts.scheme}://***"
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not colon and not any("password" in key.lower() for key, _ in pairs):
        return url
    shown = [(key, "***" if "password" in key.lower() else value) for key, value in pairs]
    netloc = f"{name}:***{at}{host}" if colon else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(shown, safe="*/")))


def parsed_database_url(url: str) -> SplitResult:
    """The parts of a server's address; SettingsError says what is allowed and never shows the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(
            KEY, "(not shown)", "an address such as postgresql://user:password@host:5432/battery"
        ) from None
    if parts.scheme not in SCHEMES:
        raise SettingsError(KEY, redacted(url), f"the scheme must be one of {', '.join(SCHEMES)}")
    if not parts.hostname or port == 0:
        raise SettingsError(KEY, redacted(url), f"a host is needed, as in {EXAMPLE}")
    name = parts.path.removeprefix("/")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) or len(name) > LONGEST_NAME:
        allowed = f"a database name of at most {LONGEST_NAME} letters, digits, _ and - must follow the host"
        raise SettingsError(KEY, redacted(url), allowed)
    return parts


def server_urls(url: str) -> DatabaseUrls:
    """The three databases of a server: `name`, `name_dagster` and `name_mlflow`."""
    parts = parsed_database_url(url)
    return DatabaseUrls(
        warehouse=urlunsplit(parts._replace(scheme="postgresql+psycopg")),
        dagster=urlunsplit(parts._replace(scheme="postgresql+psycopg2", path=f"{parts.path}_dagster")),
        mlflow=urlunsplit(parts._replace(scheme="postgresql+psycopg2", path=f"{parts.path}_mlflow")),
    )


def embedded_urls(home: Path) -> DatabaseUrls | None:
    """The three databases of the embedded server of this home, or None where it was never started."""
    folder = home / "postgres"
    try:
        port = int(json.loads((folder / "server.json").read_text())["port"])
        password = quote((folder / "password").read_text().strip(), safe="")
    except FileNotFoundError:
        return None
    server = f"://{SUPERUSER}:{password}@127.0.0.1:{port}"
    return DatabaseUrls(
        warehouse=f"postgresql+psycopg{server}/battery",
        dagster=f"postgresql+psycopg2{server}/dagster",
        mlflow=f"postgresql+psycopg2{server}/mlflow",
    )


def libpq_url(url: str) -> str:
    """The same address without SQLAlchemy's driver, as psycopg and psql take it."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", url)


def tracking_server(environ: Mapping[str, str]) -> str | None:
    """The address of MLflow's server; None where its database itself is asked."""
    value = environ.get("BATTERY_TRACKING_URI")
    if value is None or value.startswith("postgresql+psycopg2://"):
        # The database's address is what `variables` says; it is worked out anew, as the port may change.
        return None
    if not value.startswith(("http://", "https://")):
        raise SettingsError(
            "BATTERY_TRACKING_URI", redacted(value), "the http(s):// address of an MLflow server"
        )
    return value.rstrip("/")
