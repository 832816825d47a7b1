"""A request goes to the address that was judged, ends in limited time, and follows nothing."""

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from battery_assets.notify.webhooks import sending
from battery_assets.notify.webhooks.addresses import Allowed, target
from battery_assets.notify.webhooks.sending import post
from battery_assets_tests.worlds.notices.receivers import http_receiver

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def served():
    """Runs a function on each connection to a port of the loopback; gives its target."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def start(answer, scheme: str = "http"):
        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        return target(f"{scheme}://127.0.0.1:{port}/x", [Allowed.of("127.0.0.0/8", port)])

    yield start
    listener.close()


def test_a_name_that_changes_its_address_meets_the_judged_one(monkeypatch, tmp_path):
    """The name is looked up once: a second answer, to another network, is never asked for."""
    plain, asked = socket.getaddrinfo, []

    def answer(host, *rest, **more):
        if host == "hooks.example.org":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return plain(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with http_receiver(tmp_path) as receiver:
        to = target(f"http://hooks.example.org:{receiver.port}/x", [Allowed.of("127.0.0.0/8", receiver.port)])
        assert post(to, {}, b"{}", NOW).status == 204
        assert receiver.requests[0]["headers"]["host"] == f"hooks.example.org:{receiver.port}"
    assert asked == ["hooks.example.org"]


def test_a_redirect_is_not_followed(tmp_path):
    with http_receiver(tmp_path, every=1, status=307, headers={"location": "/other"}) as receiver:
        to = target(receiver.url(), [Allowed.of("127.0.0.0/8", receiver.port)])
        answer = post(to, {}, b"{}", NOW)
        assert (answer.status, answer.accepted, len(receiver.requests)) == (307, False, 1)


def test_an_answer_that_drips_is_cut_off(served, monkeypatch):
    monkeypatch.setattr(sending, "ANSWER_S", 0.6)

    def drip(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for _ in range(100):
                connection.sendall(b"H")
                time.sleep(0.1)

    begun = time.monotonic()
    answer = post(served(drip), {}, b"{}", NOW)
    assert answer.status == 0
    assert "broke off" in answer.words
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 70_000])
def test_nonsense_is_a_failure_and_no_exception(served, said):
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    assert post(served(answer), {}, b"{}", NOW).status == 0


def test_a_long_answer_is_not_read_to_its_end(served):
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        with contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 50_000_000)

    found = post(served(answer), {}, b"{}", NOW)
    assert found.accepted
    assert len(found.words) <= sending.KEPT_BYTES


def test_whoever_has_no_certificate_of_the_name_gets_nothing(served):
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    found = post(served(answer, "https"), {}, b"secret", NOW)
    assert found.status == 0
    assert "SSL" in found.words
    assert sending._trust().verify_mode is ssl.CERT_REQUIRED
    assert sending._trust().check_hostname


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        ("Sun, 01 Mar 2026 00:02:00 GMT", timedelta(seconds=120)),
        ("Sun, 01 Mar 2020 00:02:00 GMT", timedelta()),
        ("99999999", timedelta(hours=24)),
        ("-5", None),
        ("soon", None),
        ("1" * 400, None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_long(value, expected):
    assert sending._retry_after(value, NOW) == expected
