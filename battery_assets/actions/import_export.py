"""Exports of other systems: into the landing folder, through the pipeline, and what became of each row."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from battery_assets.actions.session import Session, know_sites, put_site, run_here
from battery_assets.errors import UserError
from battery_assets.ingest.exports.landing import LandingFile, landing_files, refusal_of
from battery_assets.ingest.files.advice import MARK, STEPS, apart
from battery_assets.ingest.files.problems import FileProblem
from battery_assets.platform.landing import name_in
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.accounts import refusal_words
from battery_assets.platform.registry.kinds import FILES

if TYPE_CHECKING:
    from battery_assets.ingest.exports.contract import SourceContract

_ENDINGS = (".csv", ".csv.gz", ".parquet")
_SHOWN = 6


def export_files(source: Path) -> list[Path]:
    """The files of an export: those of a folder, or the one that is named. UserError where there is none.

    A link that leads out of the folder is not followed: what it names is no part of the export.
    """
    files = [source] if source.is_file() else files_below(source)
    files = [path for path in files if path.name.lower().endswith(_ENDINGS)]
    if not files:
        raise UserError(f"{source} holds no {', '.join(_ENDINGS)} file", "name the folder of the export")
    return files


def files_below(folder: Path) -> list[Path]:
    """The files of a folder, in order; a link that leads out of it is not followed."""
    inside = folder.resolve()
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.resolve().is_relative_to(inside)
    )


def left_out(source: Path) -> list[str]:
    """What of an export is named as a file of it and is none, or is a link out of it; each in words."""
    if source.is_file():
        return []
    files = set(files_below(source))
    others = (
        path
        for path in sorted(source.rglob("*"))
        if path.name.lower().endswith(_ENDINGS) and path not in files and not path.is_dir()
    )
    link = "a link that leads to no file of the export"
    return [f"{path.name} was left out: it is {link if path.is_symlink() else 'no file'}" for path in others]


def land(at: Session, source: Path, site: str) -> list[str]:
    """Copy an export's files to where the site's files arrive. Returns their names."""
    files = export_files(source)
    base = source.parent if source.is_file() else source
    named = [(path, str(path.relative_to(base))) for path in files]
    at.landing.put(site, named)
    return [name for _, name in named]


def import_site(
    at: Session, source: Path, site: str, contract: dict[str, Any], bar: Callable[[int], Any]
) -> list[str]:
    """Take in an export as a site and run every month it touches. Returns the months.

    `bar` makes a progress bar of so many steps. Raises UserError where no file has a month.
    """
    export_files(source)
    before = _terms_before(at, site)
    put_site(at, site, FILES, contract, all_made_again=True)
    with at.warehouse.transaction() as connection:
        # The landing sensor leaves a site alone whose row is held: else both would run the same months.
        registry.hold_site(connection, site)
        names = land(at, source, site)
        months, refusal = [], None
        try:
            months = _months(at, source, site, contract)
            _run_months(at, site, months, bar)
        except UserError as refused:
            refusal = refused
            if not months or (before is None and not registry.months_of_site(connection, site)):
                _undo(at, connection, site, names, before)
    if refusal is not None:
        know_sites(at.warehouse, at.instance)
        raise refusal
    return months


def _terms_before(at: Session, site: str) -> dict[str, Any] | None:
    """The terms that a site has now; None where nobody knows it."""
    with at.warehouse.transaction() as connection:
        return {row.site: row.config for row in registry.sites(connection)}.get(site)


def _undo(
    at: Session, connection: sa.Connection, site: str, names: list[str], before: dict[str, Any] | None
) -> None:
    """Take back what a refused export brought: a site that nothing came of would be run red every night."""
    if before is not None:
        registry.put_site(connection, site, FILES, before)
        return
    at.landing.take_back(site, names)
    registry.forget_site(connection, site)


def _months(at: Session, source: Path, site: str, contract: dict[str, Any]) -> list[str]:
    """The months that any file of the site touches. UserError where no row has one."""
    from battery_assets.fleet.sensors import months_of, tell_problems
    from battery_assets.ingest.exports.contract import SourceContract
    from battery_assets.platform.dagster.partitions import calendar

    root = at.landing.root(site)
    files, problems = landing_files(root, site)
    terms, kept = SourceContract.from_config(contract), calendar()
    touched = months_of(files, files, terms)
    # Rows of a month that nobody keeps, such as those of a clock that began anew, stop no other month.
    strange = sorted(touched - set(kept))
    reasons = [
        f"rows of {', '.join(strange)} are no month's that is kept ({kept[0]} to {kept[-1]}): they count "
        "as of other months"
    ] * bool(strange)
    named = {name_in(root, p.path): (p.reason, p.detail) for p in problems}
    tell_problems(at.warehouse, site, named, [*reasons, *left_out(source)])
    months = sorted(touched - set(strange))
    if not months:
        raise _without_months(source, files, problems, terms)
    return months


def _run_months(at: Session, site: str, months: list[str], bar: Callable[[int], Any]) -> None:
    with bar(1 + len(months)) as heard:
        for job, month in [("catalogue", None), *(("site_month", month) for month in months)]:
            name = " ".join(word for word in (job, site if month else None, month) if word)
            heard(name, False)
            _run(at, job, month, site)
            heard(name, True)


def _run(at: Session, job: str, month: str | None, site: str) -> None:
    """Run a job; what went wrong is told with the files that were refused, which are most often the cause."""
    try:
        run_here(job, month, site if month else None)
    except UserError as error:
        refused = refusal_of_files(refused_files(at, site, month or ""))
        if refused is None:
            raise
        steps = dict.fromkeys([refused.next_step, error.next_step])
        raise type(error)(f"{error.message}\n{refused.message}", "; ".join(steps)) from error


def refused_files(at: Session, site: str, month: str) -> list[str]:
    """Each file that was refused as a whole, in words: name, reason, rows concerned, next step."""
    with at.warehouse.transaction() as connection:
        rows = connection.execute(sa.text(_REFUSED_FILES), {"site": site, "month": month}).all()
    return [refusal_words(*row) for row in rows]


def refusal_of_files(reasons: list[str]) -> UserError | None:
    """The error of an import that took in all but some files; None where there are none."""
    if not reasons:
        return None
    lines, step = apart(reasons)
    return UserError("\n".join(lines), f"{step}; then import it again")


def _without_months(
    source: Path, files: list[LandingFile], problems: list[FileProblem], terms: "SourceContract"
) -> UserError:
    """Why no row has a month: what every file says of itself."""
    reasons = [
        f"{problem.path.name}: {problem.reason}: {problem.detail}{MARK}{STEPS[problem.reason]}"
        for problem in problems
    ]
    reasons += [f"{file.path.name}: {why}" for file in files if (why := refusal_of(file, terms))]
    if not reasons:
        return UserError(
            f"{source} holds master data alone, which belong to no month",
            "put its telemetry beside them (telemetry_jar_raw.csv ...), and import it again",
        )
    lines, step = apart(reasons)
    more = [f"and {len(lines) - _SHOWN} more files"] if len(lines) > _SHOWN else []
    shown = "\n".join([*lines[:_SHOWN], *more])
    return UserError(f"no row of {source} could be read:\n{shown}", step)


_ACCOUNTS = """
SELECT table_name, sum(rows_read)::bigint, sum(rows_loaded)::bigint, sum(rows_quarantined)::bigint,
       sum(rows_exact_duplicate)::bigint, sum(coalesce(rows_superseded, 0))::bigint,
       sum(coalesce(rows_other_month, 0))::bigint,
       string_agg(DISTINCT nullif(reason, ''), '; ')
FROM (SELECT DISTINCT ON (table_name, path, month) * FROM platform.ingest_file
      WHERE site = :site AND (month = :month OR month = '')) f
GROUP BY table_name ORDER BY table_name
"""
_REFUSED_FILES = """
SELECT DISTINCT path, reason, rows_read FROM platform.ingest_file
WHERE site = :site AND (month = :month OR month = '') AND reason <> '' AND table_name <> '' ORDER BY 1
"""
_FINDINGS = """
SELECT DISTINCT table_name, jsonb_array_elements_text(findings) FROM platform.ingest_file
WHERE site = :site AND (month = :month OR month = '') ORDER BY 1, 2
"""
_REFUSED = """
SELECT table_name, reason, count(*), (array_agg(
  regexp_replace(file, '.*/', '') || coalesce(' line ' || line, '') || coalesce(', column ' || "column", '')
  || coalesce(': ' || value, '') ORDER BY file, line))[1]
FROM platform.quarantined_row
WHERE site = :site AND (month = :month OR month = '') GROUP BY 1, 2 ORDER BY 1, 2
"""
_OBJECTIONS = """
SELECT severity, count(*), min(message) FROM fleet.alert
WHERE site = :site AND month = :month AND alert_type = 'data_quality'
GROUP BY severity, split_part(message, ':', 2)
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity::text)
"""
_TESTS = """
SELECT s.string_code, r.test_date, r.discharge_rate_a, r.discharge_duration_min, r.cutoff_voltage_v,
       c.measured_capacity_ah, c.capacity_pct_of_rated, c.pass_fail
FROM fleet.capacity_test_raw r JOIN fleet.capacity_test_calc c USING (test_id)
LEFT JOIN fleet.string s USING (string_id)
WHERE r.site = :site AND r.month = :month ORDER BY r.test_date
"""


def accounts(at: Session, site: str, month: str) -> dict[str, list[tuple[Any, ...]]]:
    """What became of a site's month: accounts, findings, quarantine, objections, capacity tests."""
    terms = {"site": site, "month": month}
    with at.warehouse.transaction() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.text(query), terms)]
            for name, query in (
                ("accounts", _ACCOUNTS),
                ("findings", _FINDINGS),
                ("refused", _REFUSED),
                ("objections", _OBJECTIONS),
                ("tests", _TESTS),
            )
        }
