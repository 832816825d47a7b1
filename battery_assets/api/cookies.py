"""The cookie of a session: no script reads it, no other site sends it along, no other host gets it."""

from fastapi import Request, Response

_PLAIN, _SECURE = "battery_session", "__Host-battery_session"


def token_of(request: Request) -> str | None:
    """The session's token that a browser sent."""
    return request.cookies.get(_name(request))


def keep_token(request: Request, response: Response, token: str) -> None:
    """Let the browser keep a session's token until it is closed; the server ends the session before that."""
    response.set_cookie(
        _name(request), token, path="/", httponly=True, samesite="lax", secure=_https(request)
    )


def forget_token(request: Request, response: Response) -> None:
    """Let the browser forget the token, and what it keeps of the pages."""
    response.delete_cookie(_name(request), path="/", httponly=True, samesite="lax", secure=_https(request))
    response.headers["clear-site-data"] = '"cache", "storage"'


def _name(request: Request) -> str:
    return _SECURE if _https(request) else _PLAIN


def _https(request: Request) -> bool:
    """Whether the browser spoke https, to a proxy perhaps, which then says so."""
    return request.url.scheme == "https"
