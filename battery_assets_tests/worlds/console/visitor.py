"""A person at the console without a script: pages are read, links followed, forms sent with what they hold."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2
import sqlalchemy as sa
from fastapi import FastAPI

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import sessions
from battery_assets.actions.people.accounts import Accounts
from battery_assets.api.app import Platform, create_app
from battery_assets.api.gate import Keys
from battery_assets.console.mount import ROUTERS, refused
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings
from battery_assets_tests.worlds.people.signed_in import HERE

SESSION = "battery_session"


@dataclass
class Read(HTMLParser):
    """What a browser finds in a page: its forms with their fields, its links, what it would load."""

    text: str
    forms: dict[str, dict[str, str]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._form: dict[str, str] = {}
        self._select = ""
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, fields, links, files."""
        own = dict(attrs)
        self.inline += [f"{tag} {name}" for name in own if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in own):
            self.inline.append(tag)
        if tag == "form" and own.get("method") == "post":
            self._form = self.forms[str(own["action"])] = {}
        elif tag == "select":
            self._select, self._form[str(own["name"])] = str(own["name"]), ""
        elif tag == "option" and ("selected" in own or not self._form[self._select]):
            self._form[self._select] = own.get("value") or ""
        elif tag == "input" and own.get("type") == "checkbox" and "checked" in own:
            self._form[str(own["name"])] = str(own["value"])
        elif tag in ("input", "textarea") and "name" in own and own.get("type") != "checkbox":
            self._form[str(own["name"])] = own.get("value") or ""
        elif tag == "a":
            self.links.append(str(own.get("href")))
        elif tag in ("script", "link", "img"):
            self.loaded.append(str(own.get("src") or own.get("href")))


@dataclass
class Visitor:
    """A person with cookies. `page` is the last answer."""

    app: FastAPI
    cookies: dict[str, str] = field(default_factory=dict)
    page: httpx2.Response = field(init=False)

    def get(self, path: str, **how: Any) -> Read:
        """A page; redirects are followed."""
        return self._sent("GET", path, **how)

    def send(self, action: str, **values: str | None) -> Read:
        """The form of the last page with this action, its fields filled in, or left out where None."""
        forms = Read(self.page.text).forms
        assert action in forms, f"no form goes to {action}: {sorted(forms)}"
        filled = {name: value for name, value in {**forms[action], **values}.items() if value is not None}
        return self._sent("POST", action, data=filled)

    def post(self, path: str, **values: str) -> Read:
        """Fields sent to an address that no page has a form for."""
        return self._sent("POST", path, data=values)

    @property
    def status(self) -> int:
        """Status of the last answer."""
        return self.page.status_code

    def _sent(self, method: str, path: str, **how: Any) -> Read:
        for _ in range(5):
            self.page = asyncio.run(self._asked(method, path, how))
            if self.page.status_code not in (302, 303):
                break
            method, path, how = "GET", self.page.headers["location"], {}
        return Read(self.page.text)

    async def _asked(self, method: str, path: str, how: dict[str, Any]) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False, client=("192.0.2.7", 1))
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers = {"user-agent": HERE.agent, **(cookies if self.cookies else {}), **how.pop("headers", {})}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.request(method, path, headers=headers, **how)
        for one in answer.headers.get_list("set-cookie"):
            name, value = one.split(";")[0].split("=", 1)
            self.cookies |= {name: value.strip('"')}
            if "Max-Age=0" in one:
                del self.cookies[name]
        return answer


@dataclass
class Console:
    """A console over a warehouse, and its accounts."""

    app: FastAPI
    accounts: Accounts
    warehouse: Warehouse

    def visitor(self, role: str = "", sites: tuple[str, ...] = ("*",), *, factor: bool = True) -> Visitor:
        """Somebody who is signed in with a role; without one, somebody who is not."""
        visitor = Visitor(self.app)
        if role:
            name = re.sub("[^a-z]", "", f"{role}{''.join(sites)}")
            visitor.cookies[SESSION] = self._session(name, role, sites, factor)
        return visitor

    def _session(self, name: str, role: str, sites: tuple[str, ...], factor: bool) -> str:
        with self.accounts.transaction() as connection:
            known = sa.select(t.users.c.id).where(t.users.c.username == name)
            number = connection.execute(known).scalar_one_or_none()
            if number is None:
                number = people.add(connection, name, f"{name}@example.org", role, sites=sites)
            return sessions.begin(connection, number, HERE, second_factor=factor)


@contextmanager
def opened(warehouse: Warehouse, settings: Settings) -> Iterator[Console]:
    """A console over a warehouse, closed with the block."""
    platform = Platform(settings, warehouse)
    app = create_app(platform, Keys(platform.accounts), routers=ROUTERS, page_of=refused)
    try:
        yield Console(app, platform.accounts, warehouse)
    finally:
        app.state.pool.dispose()
