"""A site, or a lab, that is to go: what it has is shown first, and its books stay."""

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.session import Session, know_sites
from battery_assets.errors import UserError
from battery_assets.platform.lake import pages
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.warehouse.removal import Holding, holdings, remove_site
from battery_assets.tables.experiments.detections import detection_power

_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


def listed(at: Session, *, lab: bool) -> list[tuple[str, str, dict]]:
    """Name, source and settings of every site, or of every lab."""
    with at.warehouse.transaction() as connection:
        rows = registry.sites(connection)
    return [(row.site, row.source, row.config) for row in rows if (row.source in LAB_SOURCES) == lab]


def preview(at: Session, name: str, *, lab: bool) -> list[Holding]:
    """What would go, by table. UserError where there is no such site, or no such lab."""
    kind = "lab" if lab else "site"
    names = [site for site, _, _ in listed(at, lab=lab)]
    if name not in names:
        raise UserError(
            f"{kind} {name} is not known; known: {', '.join(names) or 'none'}", f"battery-assets {kind} list"
        )
    with at.warehouse.transaction() as connection:
        return holdings(connection, name)


def remove(at: Session, name: str, *, lab: bool) -> str | None:
    """Remove a site or lab with all that was made of it. Returns where its files lie now.

    UserError where a run or an import of it is going on.
    """
    preview(at, name, lab=lab)
    _refuse_busy(at, name)
    aside = at.landing.set_aside(name)
    remove_site(at.warehouse, name, t.TABLES, aside)
    with at.warehouse.transaction() as connection:
        connection.execute(sa.delete(detection_power).where(detection_power.c.site == name))
    # The fleet's pages of those months show it too: the next report makes them again without it.
    pages.forget(at.warehouse.lake, f"site-{name}.html")
    know_sites(at.warehouse, at.instance)
    return aside


def _refuse_busy(at: Session, name: str) -> None:
    import dagster as dg

    unfinished = [status for status in dg.DagsterRunStatus if status.value not in _ENDED]
    runs = at.instance.get_runs(dg.RunsFilter(statuses=unfinished))
    mine = [run.run_id for run in runs if name in str(run.tags.get("dagster/partition", "")).split("|")]
    with at.warehouse.transaction() as connection:
        free = {row.site for row in registry.free_sites(connection)}
    if mine or name not in free:
        what = f"run {mine[0]}" if mine else "an import"
        raise UserError(f"{what} of {name} is going on", "wait for its end, or cancel it, and run this again")
