"""Which partitions the files of the landing folder touch."""

from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.ingest.contract import SourceContract
from battery_assets.ingest.landing import LandingFile, months_touched
from battery_assets.platform import registry
from battery_assets.platform.warehouse import Warehouse
from battery_assets.site_sources import FILES

CATALOGUE = {"battery_model", "user"}


def touched(
    warehouse: Warehouse, landing: Landing, known: dict[str, str]
) -> tuple[dict[str, str], bool, set[tuple[str, str]]]:
    """Files there now (path -> checksum), whether the catalogue changed, and (month, site) of what is new.

    New is what is neither known nor accounted for; a site that an import holds is looked at next time.
    """
    now: dict[str, str] = {}
    parts: set[tuple[str, str]] = set()
    catalogue_changed = False
    with warehouse.transaction() as connection:
        sites = [site for site in registry.free_sites(connection) if site.source == FILES]
        read = {site.site: registry.accounted(connection, site.site) for site in sites}
    for site in sites:
        contract = SourceContract.from_config(site.config)
        files, _ = landing.every_file(site.site)
        fresh = [
            file
            for file in files
            if known.get(str(file.path)) != file.sha256 and (file.table, file.sha256) not in read[site.site]
        ]
        now |= {str(file.path): file.sha256 for file in files}
        catalogue_changed |= any(file.table in CATALOGUE for file in fresh)
        parts |= {(month, site.site) for month in months_of(fresh, files, contract)}
    return now, catalogue_changed, parts


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
