"""Which addresses a webhook may go to: the public internet by https, and networks that an admin allows.

Users name the hosts, so that a host may point at the platform's own network. A name is resolved once, every
address of it is judged, and the connection goes to an address that was judged: no second look-up can lie.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PUBLIC_PORTS = (443, 8443)
LONGEST_URL = 2000
# IANA's special-purpose registries (RFC 6890 and later), whatever this Python's `is_global` knows of them.
_SPECIAL = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_6 = ipaddress.ip_network("2000::/3")
_SPECIAL_6 = tuple(ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20"))
# An IPv4 address within an IPv6 one, and where in it: mapped, compatible, translated, NAT64 (two), 6to4.
_EMBEDDING = tuple(
    (ipaddress.ip_network(net), shift)
    for net, shift in (
        ("::ffff:0:0/96", 0), ("::/96", 0), ("::ffff:0:0:0/96", 0), ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0), ("2002::/16", 80),
    )
)  # fmt: skip


class Forbidden(ValueError):
    """The webhook may not go there; the words say why, and name no address behind a name."""


@dataclass(frozen=True)
class Allowed:
    """A network that an admin opened. Where a port is named, it alone is open, and to plain http too."""

    network: Network
    port: int | None = None

    @classmethod
    def of(cls, network: str, port: int | None = None) -> "Allowed":
        """Raises ValueError for what is no network, such as 10.0.0.1/8."""
        return cls(ipaddress.ip_network(network), port)

    def opens(self, address: IP, scheme: str, port: int) -> bool:
        """Whether a request to that address is let through."""
        if address not in self.network:
            return False
        return port == self.port if self.port is not None else port in PUBLIC_PORTS and scheme == "https"


@dataclass(frozen=True)
class Target:
    """Where a request goes: the address to connect to, and the name that certificate and Host carry."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def target(url: str, allowed: Sequence[Allowed] = ()) -> Target:
    """The judged target of a webhook's URL. Raises Forbidden, and OSError where the name does not resolve."""
    scheme, host, port, path = _parts(url)
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except UnicodeError as error:
        raise Forbidden(f"{host!r} is no name of a host") from error
    addresses = dict.fromkeys(str(entry[4][0]) for entry in resolved)
    if not addresses:
        raise OSError(f"{host} has no address")
    for address in addresses:
        _judge(ipaddress.ip_address(address), scheme, port, allowed, host)
    return Target(scheme, host, port, path, tuple(addresses))


def check_form(url: str) -> None:
    """Refuse what no webhook's URL may be, before any name is resolved. Raises Forbidden."""
    _parts(url)


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > LONGEST_URL or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise Forbidden(f"a URL has at most {LONGEST_URL:,} characters, all of them printable ASCII")
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError as error:
        raise Forbidden(f"this is no URL: {error}") from None
    if split.scheme not in ("https", "http"):
        raise Forbidden(f"webhooks go by https, not by {split.scheme or 'nothing'}")
    if split.username is not None or split.password is not None:
        raise Forbidden("a URL with a name or password in it is refused: receivers check the signature")
    if not split.hostname or "%" in split.hostname:
        raise Forbidden("the URL names no host")
    if split.fragment:
        raise Forbidden("a URL with a fragment (#) is refused: it would not be sent")
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return split.scheme, split.hostname, port or (443 if split.scheme == "https" else 80), path


def _judge(address: IP, scheme: str, port: int, allowed: Sequence[Allowed], host: str) -> None:
    inner = meant(address)
    if any(one.opens(each, scheme, port) for one in allowed for each in (address, inner)):
        return
    if not is_public(inner):
        raise Forbidden(
            f"{host}:{port} lies in a network that is not public; next step: an admin opens it first, "
            "by `battery-assets webhook allow`"
        )
    if scheme != "https":
        raise Forbidden("webhooks to the internet go by https")
    if port not in PUBLIC_PORTS:
        raise Forbidden(f"webhooks to the internet go to port {' or '.join(map(str, PUBLIC_PORTS))}")


def meant(address: IP) -> IP:
    """The IPv4 address that an IPv6 one carries in it, or the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        for network, shift in _EMBEDDING:
            if address in network:
                return ipaddress.IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    return address


def is_public(address: IP) -> bool:
    """Whether an address, not one that carries another, is of the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL)
    return address in _GLOBAL_6 and not any(address in network for network in _SPECIAL_6)
