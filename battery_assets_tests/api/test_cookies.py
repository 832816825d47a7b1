"""The cookie of a session."""

import pytest
from fastapi import Request, Response

from battery_assets.api.cookies import forget_token, keep_token, token_of


def asked(scheme: str, cookie: str = "") -> Request:
    headers = [(b"host", b"battery.example.org"), (b"cookie", cookie.encode())]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": scheme,
            "path": "/",
            "query_string": b"",
            "headers": headers,
        }
    )


@pytest.mark.parametrize(
    ("scheme", "name"), [("https", "__Host-battery_session"), ("http", "battery_session")]
)
def test_asvs_3_3_1_no_script_and_no_other_host_gets_it(scheme, name):
    response = Response()
    keep_token(asked(scheme), response, "secret")
    said = response.headers["set-cookie"]
    assert said.startswith(f"{name}=secret; ")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(said.split("; "))
    assert ("Secure" in said) is (scheme == "https")
    assert "Domain" not in said
    assert "Max-Age" not in said
    assert token_of(asked(scheme, f"{name}=secret")) == "secret"


def test_over_https_no_cookie_counts_that_another_page_may_have_put_there():
    assert token_of(asked("https", "battery_session=planted")) is None


def test_asvs_14_3_1_what_the_browser_keeps_is_cleared_at_the_end():
    response = Response()
    forget_token(asked("https"), response)
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert response.headers["clear-site-data"] == '"cache", "storage"'
