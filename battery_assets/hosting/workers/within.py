"""`python -m battery_assets.hosting.workers.within COMMAND...`: run a program as `up` would, in a container.

dagster.yaml is written for the settings of the environment, and what follows from them is passed on.
"""

import os
import sys

from battery_assets.hosting import launch
from battery_assets.settings import Settings


def main(command: list[str]) -> None:
    """Become the command."""
    settings = Settings.from_environment()
    launch.install_dagster_home(settings)
    os.execvpe(command[0], command, launch.environment(settings))


if __name__ == "__main__":
    main(sys.argv[1:])
