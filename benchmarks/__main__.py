"""python -m benchmarks [--only NAME] [--small]: a line for each figure, all in benchmarks/latest.json."""

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from battery_assets.settings import Settings
from battery_assets_tests.worlds.oracles import data_folder
from benchmarks.children import measured, throwaway_home
from benchmarks.figures import NAMES, Figure, Group, chosen, figures, line, write
from benchmarks.peers_home import PeersMissing, interpreter


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], choices=NAMES, metavar="NAME",
        help=f"measure this figure and those of its process; one of {', '.join(NAMES)}",
    )  # fmt: skip
    parser.add_argument(
        "--small", action="store_true", help="tiny data: shows that all works, measures nothing"
    )
    given = parser.parse_args()
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first figure", flush=True)
    found: dict[str, Figure] = {}
    with throwaway_home() as settings:
        groups = chosen(given.only, given.small)
        for of_group in _results(_possible(groups), settings, given.small):
            wanted = {name: of_group[name] for name in of_group if not given.only or name in given.only}
            found |= wanted
            for name, figure in wanted.items():
                print(line(name, figure), flush=True)
            write(found, keep=bool(given.only))


def _possible(groups: Sequence[Group]) -> list[Group]:
    """Without those whose foreign files or packages are absent; a line says which and what to do."""
    possible = []
    for group in groups:
        try:
            if group.foreign:
                data_folder()
            if group.peers:
                interpreter()
        except (FileNotFoundError, PeersMissing) as error:
            print(f"# NOT MEASURED: {', '.join(group.units)}: {error}", flush=True)
        else:
            possible.append(group)
    return possible


def _results(groups: Sequence[Group], settings: Settings, small: bool) -> Iterator[dict[str, Figure]]:
    """The figures of each group, one process after the other; small ones, which measure nothing, at once."""

    def result(group: Group) -> dict[str, Figure]:
        return figures(group, measured(group, settings, small), small)

    with ThreadPoolExecutor(2 if small else 1) as pool:
        yield from pool.map(result, groups)


if __name__ == "__main__":
    main()
