"""MLflow's pages behind our guard: its own takes a page of any port of this machine for one of its own.

`python -m battery_assets.hosting.mlflow_pages server` takes what `mlflow server` takes.
"""

from typing import Any

SERVED = "mlflow.server.fastapi_app:app"
OURS = "battery_assets.hosting.mlflow_pages:app"


def __getattr__(name: str) -> Any:
    """`app`, as uvicorn asks for it in its own process: what MLflow serves, behind the guard."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlflow.server import fastapi_app

    from battery_assets.hosting.guard import Guard
    from battery_assets.settings import Settings

    return Guard(fastapi_app.app, Settings.from_environment().web_hosts)


def guarded_server() -> None:
    """Let `mlflow server` start the guarded application in place of its own."""
    import mlflow.server as served

    # MLflow has no place for a middleware of ours; its command names the application that uvicorn serves.
    build = served._build_uvicorn_command

    def command(*arguments: Any, **options: Any) -> list[str]:
        words: list[str] = build(*arguments, **options)
        if SERVED not in words:
            raise RuntimeError(f"this MLflow serves no {SERVED}: its pages would have no guard")
        return [OURS if word == SERVED else word for word in words]

    served._build_uvicorn_command = command


def main() -> None:
    """Serve the pages; other sites' pages, and those of other ports, are kept from them."""
    from mlflow.cli import cli

    guarded_server()
    cli()


if __name__ == "__main__":
    main()
