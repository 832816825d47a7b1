"""battery-assets backfill: months of sites, through the daemon or here."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from battery_assets.actions.session import Session


@click.command()
@click.option("--site", "wanted", multiple=True, help="Site; may be given again. Default: every site.")
@click.option("--lab", "wanted_labs", multiple=True, help="Lab instead of a site; may be given again.")
@click.option("--from", "first", help="First month, YYYY-MM.")
@click.option("--to", "last", help="Last month, YYYY-MM.")
@click.option("--stale", is_flag=True, help="Instead: every month whose history has changed, here, in order.")
@click.option("--here", is_flag=True, help="Run in this process, without the daemon of `battery-assets up`.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until every run has ended.")
def backfill(
    wanted: tuple[str, ...],
    wanted_labs: tuple[str, ...],
    first: str | None,
    last: str | None,
    stale: bool,
    here: bool,
    wait: bool,
) -> None:
    """Compute a range of months again, from master data to work orders: one run for each month and site.

    A site's months run in order, two sites side by side. Without --here it is the backfill that Dagster's
    own page launches, and `battery-assets up` must be running.

    \b
    Example:
      battery-assets backfill --site bangrak --from 2025-01 --to 2025-06
      battery-assets backfill --lab bench --from 2025-01 --to 2025-02
      battery-assets backfill --stale
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.errors import UserError
    from battery_assets.platform.dagster.partitions import know_months

    quiet_logs()
    if stale:
        return _catch_up()
    if first is None or last is None:
        raise UserError("a backfill needs --from and --to", "give both, or --stale")
    if wanted and wanted_labs:
        raise UserError("--site and --lab name different jobs", "give one of them, then the other")
    months = _months(first, last, lab=bool(wanted_labs))
    with session() as at:
        job = "lab_month" if wanted_labs else "site_month"
        sites = _sites(at, wanted or wanted_labs, lab=bool(wanted_labs))
        know_months(at.instance, months, lab=bool(wanted_labs))
        if here:
            _here(at, job, sites, months)
        else:
            _through_daemon(at, job, [f"{month}|{site}" for month in months for site in sites], wait)


def _catch_up() -> None:
    from battery_assets.actions.catch_up import catch_up
    from battery_assets.actions.session import session

    with session() as at:
        done = catch_up(at, lambda name, ended: click.echo(f"{name}: {'done' if ended else 'runs'}"))
    click.echo(f"{len(done)} months were brought up to date" if done else "no month is stale")


def _sites(at: "Session", wanted: tuple[str, ...], *, lab: bool = False) -> list[str]:
    from battery_assets.actions.session import know_sites
    from battery_assets.errors import UserError

    registered = know_sites(at.warehouse, at.instance, lab=lab)
    unknown = [site for site in wanted if site not in registered]
    if unknown or not registered:
        kind = "lab" if lab else "site"
        raise UserError(
            f"{kind} {', '.join(unknown)} is not known; known: {', '.join(registered) or 'none'}"
            if unknown
            else f"no {kind} was added yet",
            "battery-assets lab add NAME"
            if lab
            else "battery-assets site add NAME --place bangrak, or import fleet FOLDER --site NAME",
        )
    return list(wanted) or registered


def _months(first: str, last: str, *, lab: bool = False) -> list[str]:
    from battery_assets.errors import UserError
    from battery_assets.platform.dagster.partitions import calendar, month_range

    try:
        months = month_range(first, last)
    except ValueError as error:
        raise UserError(str(error), "write months as 2025-03") from error
    oldest, *_, newest = calendar(lab=lab)
    if not months or months[0] < oldest or months[-1] > newest:
        raise UserError(
            f"months {first} to {last}: allowed are {oldest} to {newest}, in this order",
            "correct --from and --to",
        )
    return months


def _here(at: "Session", job: str, sites: list[str], months: list[str]) -> None:
    from battery_assets.actions.demo import Step, run
    from battery_assets.actions.red_laws import end_by, red_laws
    from battery_assets.actions.session import months_without_rows
    from battery_assets.commands.progress import steps_bar

    steps = [Step(job, month, site) for month in months for site in sites]
    with steps_bar("backfill", 1 + len(steps)) as progress:
        for step, ended in run([[Step("catalogue")], steps], []):
            progress(str(step), ended)
    if job == "site_month":
        for site, month in months_without_rows(at, sites, months):
            click.echo(f"{site}: no rows of {month}, so nothing was computed of it")
        end_by(red_laws(at, [(site, month) for site in sites for month in months]))


def _through_daemon(at: "Session", job: str, partitions: list[str], wait: bool) -> None:
    from battery_assets.actions.session import make_catalogue
    from battery_assets.commands.progress import counts_bar
    from battery_assets.errors import Failure, UserError
    from battery_assets.hosting.presence import present
    from battery_assets.platform.dagster import backfills

    presence = present(at.settings)
    if presence is None:
        raise UserError("no daemon serves this home", "start `battery-assets up` beside this, or add --here")
    make_catalogue(at)
    try:
        backfill = backfills.launch(presence.web_url, job, partitions, {})
        click.echo(f"backfill {backfill}: {len(partitions)} runs, {presence.web_url}/runs/b/{backfill}")
        if wait:
            with counts_bar("backfill", len(partitions)) as heard:
                counts = backfills.wait(presence.web_url, backfill, heard)
            failed = len(partitions) - counts.get("SUCCESS", 0)
            if failed:
                raise Failure(
                    f"{failed} of {len(partitions)} runs did not succeed: {counts}",
                    f"open {presence.web_url}/runs/b/{backfill}",
                )
    except backfills.BackfillRefused as refused:
        raise UserError(
            f"Dagster refused the backfill: {refused}", "look at the pages of battery-assets up"
        ) from refused
