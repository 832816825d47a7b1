"""A webhook goes to the public internet by https, or where an admin opened a network: nowhere else."""

import ipaddress
import socket

import pytest

from battery_assets.notify.webhooks.addresses import Allowed, Forbidden, check_form, is_public, meant, target

LOOPBACK = [Allowed.of("127.0.0.0/8", 8099)]


def resolves_to(monkeypatch, *addresses: str) -> list[str]:
    """Any name resolves to these; returns the names that were looked up."""
    asked = []

    def answer(host, port, **_):
        asked.append(host)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ipaddress.ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "0", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "10.0.0.1", "172.16.3.4",
        "192.168.1.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "[ff02::1]", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "192.0.0.8", "[2001:db8::1]", "[2001::1]", "[fec0::1]", "[100::1]",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(host):
    with pytest.raises(Forbidden, match="not public"):
        target(f"https://{host}/hook")


@pytest.mark.parametrize("inner", ["10.1.2.3", "127.0.0.1", "100.100.0.1", "169.254.169.254"])
def test_a_name_that_resolves_inside_is_refused(monkeypatch, inner):
    resolves_to(monkeypatch, inner)
    with pytest.raises(Forbidden, match="not public"):
        target("https://hooks.example.org/")


def test_one_bad_address_among_good_ones_refuses_all(monkeypatch):
    resolves_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(Forbidden):
        target("https://hooks.example.org/")


def test_a_refusal_does_not_say_what_a_name_resolves_to(monkeypatch):
    resolves_to(monkeypatch, "10.77.66.55")
    with pytest.raises(Forbidden) as refused:
        target("https://hooks.example.org/")
    assert "10.77" not in str(refused.value)


def test_a_name_is_looked_up_once_and_its_address_is_what_is_connected_to(monkeypatch):
    asked = resolves_to(monkeypatch, "93.184.216.34")
    found = target("https://hooks.example.org/a?b=c")
    assert found.addresses == ("93.184.216.34",)
    assert (found.host, found.port, found.path) == ("hooks.example.org", 443, "/a?b=c")
    assert asked == ["hooks.example.org"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "https"),
        ("gopher://example.org/", "https"),
        ("//example.org/x", "https"),
        ("example.org/x", "https"),
        ("https://user:word@example.org/", "name or password"),
        ("https://user@example.org/", "name or password"),
        ("https:///x", "no host"),
        ("https://[fe80::1%25eth0]/", "no host"),
        ("https://example.org/#x", "fragment"),
        ("https://example.org:99999/", "no URL"),
        ("https://example.org:x/", "no URL"),
        ("https://[::1/", "no URL"),
        ("https://example.org/\r\nX-Evil: 1", "printable"),
        ("https://exa\tmple.org/", "printable"),
        ("https://exämple.org/", "printable"),
        ("https://example.org\\@127.0.0.1/", "printable"),
        ("https://example.org/" + "a" * 2000, "2,000"),
    ],
)
def test_what_is_no_plain_https_url_is_refused(url, words):
    with pytest.raises(Forbidden, match=words):
        check_form(url)


def test_the_internet_is_met_by_https_on_its_ports(monkeypatch):
    resolves_to(monkeypatch, "93.184.216.34")
    with pytest.raises(Forbidden, match="by https"):
        target("http://hooks.example.org/")
    with pytest.raises(Forbidden, match="port 443 or 8443"):
        target("https://hooks.example.org:25/")
    assert target("https://hooks.example.org:8443/").port == 8443


def test_an_admin_opens_a_network_and_a_port_not_more(monkeypatch):
    assert target("http://127.0.0.1:8099/x", LOOPBACK).addresses == ("127.0.0.1",)
    with pytest.raises(Forbidden):
        target("http://127.0.0.1:8098/x", LOOPBACK)
    with pytest.raises(Forbidden):
        target("http://10.0.0.1:8099/x", LOOPBACK)
    # The same network by its mapped form is the same network.
    assert target("http://[::ffff:127.0.0.1]:8099/x", LOOPBACK)
    resolves_to(monkeypatch, "10.20.3.4")
    assert target("https://cmms.example.org:8443/", [Allowed.of("10.20.0.0/16")])


def test_a_network_without_a_port_is_open_to_https_alone():
    opened = [Allowed.of("10.0.0.0/8")]
    assert target("https://10.1.2.3/x", opened)
    for url in ("http://10.1.2.3/", "http://10.1.2.3:443/", "https://10.1.2.3:22/"):
        with pytest.raises(Forbidden):
            target(url, opened)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "", "x", "10.0.0.0/33"])
def test_an_opened_network_is_a_network(text):
    with pytest.raises(ValueError):  # noqa: PT011
        Allowed.of(text)


def test_opened_networks_may_be_of_ipv6():
    assert target("http://[::1]:81/", [Allowed.of("::1/128", 81)]).addresses == ("::1",)


def test_public_is_what_the_registries_leave():
    """Held against Python's own table where both know a block; the special blocks are in neither's public."""
    for address in ("1.1.1.1", "93.184.216.34", "2606:4700::1111", "8.8.8.8"):
        assert is_public(ipaddress.ip_address(address))
    step = 2**32 // 4099
    for number in range(0, 2**32, step):
        one = ipaddress.IPv4Address(number)
        assert not is_public(one) or one.is_global, one
    assert str(meant(ipaddress.ip_address("2002:0a00:0001::"))) == "10.0.0.1"
