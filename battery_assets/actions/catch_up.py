"""Stale months, made again here and in order."""

from collections.abc import Callable

from battery_assets.actions.session import Session, run_here
from battery_assets.errors import UserError

JOBS = {"site": "site_month", "lab": "lab_month"}


def catch_up(at: Session, heard: Callable[[str, bool], None]) -> list[str]:
    """Run every stale month, the oldest of each site first, until none is left. Returns what was run.

    UserError where a month stays stale though it was run.
    """
    from battery_assets.platform.dagster.catching_up import oldest_stale

    done: list[str] = []
    last: dict[str, str] = {}
    while waiting := [(kind, *part) for kind, parts in oldest_stale(at.warehouse).items() for part in parts]:
        for kind, month, site, _ in waiting:
            name = f"{JOBS[kind]} {site} {month}"
            if last.get(site) == month:
                raise UserError(f"{name} was run and is stale still", "run it with --from and --to, read why")
            last[site] = month
            heard(name, False)
            run_here(JOBS[kind], month, site)
            heard(name, True)
            done.append(name)
    return done
