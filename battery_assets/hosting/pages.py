"""The pages of Dagster, with those of months, and of MLflow behind a guard.

`python -m battery_assets.hosting.pages` takes what dagster-webserver takes, and behind the word mlflow what
mlflow takes. Its own guard takes a page of any port of this machine for one of its own.
"""

import asyncio
import re
import sys
from typing import Any

from battery_assets.hosting.guard import App, Guard, Message, Receive, Send

MLFLOW, OURS = "mlflow.server.fastapi_app:app", "battery_assets.hosting.pages:mlflow_app"

_PAGE = re.compile(r"/reports/(\d{4}-\d{2})/([A-Za-z0-9_-]+\.(?:html|csv))")
_TYPES = {"html": b"text/html; charset=utf-8", "csv": b"text/csv; charset=utf-8"}
# As the page's own policy; its links lead to other pages of the month.
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; sandbox allow-downloads"


def __getattr__(name: str) -> Any:
    """`mlflow_app`, as uvicorn asks for it in its own process: what MLflow serves, behind the guard."""
    if name != "mlflow_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlflow.server import fastapi_app

    from battery_assets.settings import Settings

    return Guard(fastapi_app.app, Settings.from_environment().web_hosts)


def guard_mlflow() -> None:
    """Let `mlflow server` start the guarded application in place of its own."""
    import mlflow.server as served

    # MLflow has no place for a middleware of ours; its command names the application that uvicorn serves.
    build = served._build_uvicorn_command

    def command(*arguments: Any, **options: Any) -> list[str]:
        words: list[str] = build(*arguments, **options)
        if MLFLOW not in words:
            raise RuntimeError(f"this MLflow serves no {MLFLOW}: its pages would have no guard")
        return [OURS if word == MLFLOW else word for word in words]

    served._build_uvicorn_command = command


class Reports:
    """Pages of months, as they lie in the lake: an ASGI application before another one.

    `lake_url` is a folder or an S3-compatible URL.
    """

    def __init__(self, app: App, lake_url: str) -> None:
        self.app, self.lake_url = app, lake_url

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer for a page of a month, 404 where it was never made; hand on everything else."""
        asked = _PAGE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if asked is None or scope["method"] not in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        content = await asyncio.to_thread(_content, self.lake_url, *asked.groups())
        kind = _TYPES[asked[2].rsplit(".", 1)[1]]
        if content is None:
            words = f"no page {asked[2]} of {asked[1]}; next step: battery-assets report --page\n"
            return await _answer(send, 404, b"text/plain; charset=utf-8", words.encode())
        await _answer(send, 200, kind, b"" if scope["method"] == "HEAD" else content)


def _content(lake_url: str, month: str, name: str) -> bytes | None:
    from battery_assets.platform.lake import pages
    from battery_assets.platform.lake.store import Lake

    return pages.read(Lake(lake_url), month, name)


async def _answer(send: Send, status: int, kind: bytes, content: bytes) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-security-policy", _POLICY),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def main() -> None:
    """Serve the pages; other sites' pages, and those of other ports, are kept from them."""
    if sys.argv[1:2] == ["mlflow"]:
        from mlflow.cli import cli as mlflow

        guard_mlflow()
        return mlflow(sys.argv[2:])
    from dagster_webserver import cli

    from battery_assets.settings import Settings

    settings, create = Settings.from_environment(), cli.create_app_from_workspace_process_context

    def guarded(*arguments: Any, **options: Any) -> App:
        return Guard(Reports(create(*arguments, **options), settings.lake_url), settings.web_hosts)

    # The webserver has no place for a middleware of ours; its command line builds the pages by this name.
    cli.create_app_from_workspace_process_context = guarded  # type: ignore[assignment]
    cli.main()


if __name__ == "__main__":
    main()
