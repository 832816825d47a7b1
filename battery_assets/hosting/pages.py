"""The Dagster pages behind a guard.

`python -m battery_assets.hosting.pages` takes what dagster-webserver takes.
"""

from typing import Any


def main() -> None:
    """Serve the pages; other sites' pages are kept from them."""
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
