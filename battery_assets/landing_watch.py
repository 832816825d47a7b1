"""Which partitions the files of the landing folder touch."""

from collections.abc import Iterable

from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.ingest.contract import SourceContract
from battery_assets.ingest.landing import LandingFile, months_touched
from battery_assets.ingest.problems import FileProblem
from battery_assets.platform import registry
from battery_assets.platform.warehouse import Warehouse
from battery_assets.site_sources import FILES

CATALOGUE = {"battery_model", "user"}


def touched(
    warehouse: Warehouse, landing: Landing, known: dict[str, str]
) -> tuple[dict[str, str], bool, set[tuple[str, str]]]:
    """Files there now (path -> checksum), whether the catalogue changed, and (month, site) of what is new.

    New is what is neither known nor accounted for; a site that an import holds is looked at next time. A site
    that cannot be looked at keeps what was known of it, and its books say why: the others go on.
    """
    now: dict[str, str] = {}
    parts: set[tuple[str, str]] = set()
    catalogue_changed = False
    with warehouse.transaction() as connection:
        sites = [site for site in registry.free_sites(connection) if site.source == FILES]
        read = {site.site: registry.accounted(connection, site.site) for site in sites}
    for site in sites:
        try:
            contract = SourceContract.from_config(site.config)
            files, problems = landing.every_file(site.site)
            tell_problems(warehouse, site.site, problems)
            fresh = [
                file
                for file in files
                if known.get(str(file.path)) != file.sha256
                and (file.table, file.sha256) not in read[site.site]
            ]
            months = months_of(fresh, files, contract)
        except Exception as error:
            _tell(warehouse, site.site, {f"{site.site}/": f"{type(error).__name__}: {error}"})
            continue
        now |= {str(file.path): file.sha256 for file in files}
        catalogue_changed |= any(file.table in CATALOGUE for file in fresh)
        parts |= {(month, site.site) for month in months}
    return now, catalogue_changed, parts


def tell_problems(warehouse: Warehouse, site: str, problems: Iterable[FileProblem]) -> None:
    """Enter the files of a site that no table can be read from into its books."""
    _tell(warehouse, site, {str(problem.path): f"{problem.reason}: {problem.detail}" for problem in problems})


def _tell(warehouse: Warehouse, site: str, problems: dict[str, str]) -> None:
    with warehouse.transaction() as connection:
        registry.put_problems(connection, site, problems)


def months_of(fresh: list[LandingFile], files: list[LandingFile], contract: SourceContract) -> set[str]:
    """The months that new files touch: those of their rows.

    New master data, and a file that cannot be read and has to be shown as refused, touch every month that any
    file of the site has.
    """
    tables = {table.name: table for table in t.TABLES}
    touched_by = [months_touched(file, tables[file.table], contract) for file in fresh]
    if not all(touched_by):
        touched_by = [months_touched(file, tables[file.table], contract) for file in files]
    return set().union(*touched_by)
