"""Sites and labs that are made up: the fleet of the reference, and what a synthetic lab will have."""

from collections.abc import Iterator
from typing import Any

from battery_assets.actions.session import Session, make_catalogue, put_site
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import calendar, know_months, month_range
from battery_assets.platform.registry.kinds import LAB_SYNTHETIC, SYNTHETIC


def add_fleet(at: Session, terms: dict[str, Any]) -> Iterator[str]:
    """Enter the nine sites: the same settings for all, each with the name of its place. Yields each name."""
    from battery_assets.synthetic.site import fleet

    make_catalogue(at)
    for name, config in fleet(terms).items():
        add_synthetic_site(at, name, config)
        yield name


def add_synthetic_site(at: Session, name: str, terms: dict[str, Any]) -> None:
    """Enter a site that is made up; every month since its first is a partition from now on."""
    put_site(at, name, SYNTHETIC, terms)
    know_months(at.instance, [month for month in calendar() if month >= str(terms["start"])])


def add_synthetic_lab(at: Session, name: str, terms: dict[str, Any]) -> str:
    """Enter a lab that is made up. Returns the last month in which one of its tests has begun."""
    from battery_assets.lab.sessions import made_up_lab
    from battery_assets.synthetic.lab import last_month

    put_site(at, name, LAB_SYNTHETIC, terms)
    last = min(last_month(made_up_lab(name, terms)), f"{clock.now():%Y-%m}")
    know_months(at.instance, month_range(str(terms["start"]), last), lab=True)
    return last
