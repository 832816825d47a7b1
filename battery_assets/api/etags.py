"""Versions of what people edit: a row's ETag is the checksum of it as it is read."""

import hashlib

from starlette.responses import Response

from battery_assets.api.problems import Problem


def etag_of(row: str) -> str:
    """The version of a row as JSON text."""
    return f'"{hashlib.sha256(row.encode()).hexdigest()[:32]}"'


def tagged(row: str) -> Response:
    """A row with its version."""
    return Response(row, media_type="application/json", headers={"etag": etag_of(row)})


def refuse_changed(row: str, if_match: str | None) -> None:
    """Problem 428 where nobody says which version is changed, 412 where it is another one by now."""
    if if_match is None:
        raise Problem(428, "If-Match is missing", "read it, and send its ETag as If-Match; * for any version")
    if if_match.strip() != "*" and etag_of(row) not in [one.strip() for one in if_match.split(",")]:
        raise Problem(412, "it has changed since you read it", "read it again, then decide")
