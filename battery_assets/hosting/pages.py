"""The pages of Dagster and of MLflow behind a guard.

`python -m battery_assets.hosting.pages` takes what dagster-webserver takes, and behind the word mlflow what
mlflow takes. Its own guard takes a page of any port of this machine for one of its own.
"""

import sys
from typing import Any

MLFLOW, OURS = "mlflow.server.fastapi_app:app", "battery_assets.hosting.pages:mlflow_app"


def __getattr__(name: str) -> Any:
    """`mlflow_app`, as uvicorn asks for it in its own process: what MLflow serves, behind the guard."""
    if name != "mlflow_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlflow.server import fastapi_app

    from battery_assets.hosting.guard import Guard
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


def main() -> None:
    """Serve the pages; other sites' pages, and those of other ports, are kept from them."""
    if sys.argv[1:2] == ["mlflow"]:
        from mlflow.cli import cli as mlflow

        guard_mlflow()
        return mlflow(sys.argv[2:])
    from dagster_webserver import cli

    from battery_assets.hosting.guard import App, Guard
    from battery_assets.settings import Settings

    hosts, create = Settings.from_environment().web_hosts, cli.create_app_from_workspace_process_context

    def guarded(*arguments: Any, **options: Any) -> App:
        return Guard(create(*arguments, **options), hosts)

    # The webserver has no place for a middleware of ours; its command line builds the pages by this name.
    cli.create_app_from_workspace_process_context = guarded  # type: ignore[assignment]
    cli.main()


if __name__ == "__main__":
    main()
