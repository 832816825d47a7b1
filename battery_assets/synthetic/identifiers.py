"""Codes and ids of a site's jars; a jar has its own, its place in the string keeps its number."""

from functools import lru_cache

from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import lives
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.identity import identity


@lru_cache(maxsize=16)
def battery_codes(site: SyntheticSite) -> tuple[str, ...]:
    """Code of every jar (row of `lives`): `...-S1-J07`, and `...-S1-J07-R2` for the second replacement."""
    jars, strings = lives(site), layout(site).string_codes
    codes = []
    for position, generation in zip(jars.position.tolist(), jars.generation.tolist(), strict=True):
        string, slot = divmod(position, site.jars_per_string)
        codes.append(f"{strings[string]}-J{slot + 1:02d}" + (f"-R{generation}" if generation else ""))
    return tuple(codes)


@lru_cache(maxsize=16)
def battery_ids(site: SyntheticSite) -> tuple[str, ...]:
    """Id of every jar (row of `lives`)."""
    return tuple(identity("battery", site.site, code) for code in battery_codes(site))
