"""Where the sites lie and which of them need somebody: a plan by their coordinates, without a map server.

East and north are drawn to one scale, that of the middle latitude (equirectangular projection). Coasts and
roads are not there: who reads it knows the sites, and the page asks no other host for anything.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sqrt

import polars as pl

from battery_assets.features.fleet_page.contents import FleetMonth, name_of
from battery_assets.features.fleet_page.markup import Html, escaped, note

WIDTH, LOWEST, HIGHEST, EDGE = 640.0, 200.0, 520.0, 44.0
KM_PER_DEGREE = 111.2  # of a great circle
LEAST_DEGREES = 0.05  # sites that stand side by side are drawn as far apart as a town is wide
LARGEST, SMALLEST, LINE = 15.0, 5.0, 15.0  # px: circles, and from label to label
_GRAVE = ("critical", "high")
_LEGEND = (
    ("good", "no open incident"), ("low", "open incidents"), ("bad", "one of high or critical severity"),
    ("none", "nothing of the month"),
)  # fmt: skip
_ON_TOP = ("none", "good", "low", "bad")
SCALES_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True)
class _Plan:
    """From degrees to places in the drawing."""

    west: float
    north: float
    px_per_degree: float
    height: float
    left: float
    top: float
    narrows: float

    @classmethod
    def of(cls, places: pl.DataFrame) -> "_Plan":
        """The plan that shows all places as large as the page is wide, and no higher than it can be read."""
        up, along = (places[name].to_numpy() for name in ("latitude", "longitude"))
        south, north, west, east = (float(end) for end in (up.min(), up.max(), along.min(), along.max()))
        narrows = cos(radians(0.5 * (south + north)))
        wide = max((east - west) * narrows, LEAST_DEGREES)
        high = max(north - south, LEAST_DEGREES)
        # Labels stand to the right of their circles: a third of the width is theirs.
        scale = min((WIDTH * 2 / 3 - 2 * EDGE) / wide, (HIGHEST - 2 * EDGE) / high)
        height = max(high * scale + 2 * EDGE, LOWEST)
        left = EDGE + 0.5 * (WIDTH * 2 / 3 - 2 * EDGE - (east - west) * narrows * scale)
        top = 0.5 * (height - (north - south) * scale)
        return cls(west, north, scale, height, left, top, narrows)

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        """x and y of a place."""
        return (
            self.left + (longitude - self.west) * self.narrows * self.px_per_degree,
            self.top + (self.north - latitude) * self.px_per_degree,
        )

    def scale_bar(self) -> str:
        """A length of a round number of kilometres."""
        per_km = self.px_per_degree / KM_PER_DEGREE
        km = max((one for one in SCALES_KM if one * per_km <= 0.2 * WIDTH), default=SCALES_KM[0])
        y, end = self.height - 12.0, 12.0 + km * per_km
        return (
            f'<path class="scale" d="M12 {y - 4:.1f} V{y:.1f} H{end:.1f} V{y - 4:.1f}"/>'
            f'<text x="{end + 6:.1f}" y="{y:.1f}">{km} km</text>'
        )


def site_map(at: FleetMonth) -> Html:
    """The sites that have coordinates, each a circle by its jars, coloured by its open incidents."""
    places = at.places.drop_nulls().sort("site")
    if places.height == 0:
        return note("No site has coordinates: they are latitude and longitude of its location.")
    plan = _Plan.of(places)
    jars = dict(at.jars.group_by("site").len().iter_rows())
    most = max([1, *(jars.get(site, 0) for site in places["site"])])
    sites = []
    for site, latitude, longitude in places.iter_rows():
        x, y = plan.at(latitude, longitude)
        sites.append(_Site(site, x, y, jars.get(site, 0), most, *_open(at, site)))
    labels = _labels([one.y for one in sites], plan.height)
    lines = "".join(one.label(y) for one, y in zip(sites, labels, strict=True))
    # Of sites that stand close together the worst, then the smaller one lies on top.
    on_top = sorted(sites, key=lambda one: (_ON_TOP.index(one.band), -one.radius))
    keys = "".join(f'<li><span class="key {band}"></span>{escaped(words)}</li>' for band, words in _LEGEND)
    lost = sorted(set(at.sites) - set(places["site"]))
    rest = note(f"Without coordinates: {', '.join(lost)}.") if lost else ""
    said = escaped(f"Plan of {places.height} sites; each is named beside its circle")
    return Html(
        f'<ul class="legend">{keys}</ul><svg class="map" viewBox="0 0 {WIDTH:.0f} {plan.height:.0f}" '
        f'role="group" aria-label="{said}">{plan.scale_bar()}{lines}'
        f"{''.join(one.circle() for one in on_top)}</svg>{rest}"
    )


def _open(at: FleetMonth, site: str) -> tuple[str, int, int]:
    """Colour of a site, how many incidents are open there, and how many of them are grave."""
    open_ = at.incidents.filter(pl.col("open") & (pl.col("site") == site))
    grave = open_.filter(pl.col("severity").is_in(_GRAVE)).height
    band = "none" if site in at.silent else "bad" if grave else "low" if open_.height else "good"
    return band, open_.height, grave


@dataclass(frozen=True)
class _Site:
    """A site in the drawing: where, how many jars of at most how many, and what is open there."""

    name: str
    x: float
    y: float
    jars: int
    most: int
    band: str
    open: int
    grave: int

    @property
    def radius(self) -> float:
        """Radius of a circle whose area goes with the jars."""
        return SMALLEST + (LARGEST - SMALLEST) * sqrt(self.jars / self.most)

    def circle(self) -> str:
        """The circle, which tells its site to a pointer."""
        return (
            f'<circle cx="{self.x:.1f}" cy="{self.y:.1f}" r="{self.radius:.1f}" class="{self.band}">'
            f"<title>{escaped(self.name)}</title></circle>"
        )

    def label(self, y: float) -> str:
        """A line from the circle to its label, which leads to the site's page."""
        right = WIDTH * 2 / 3
        words = f"{self.name}: {self.jars} jars, {self.open} open"
        words += f", {self.grave} grave" if self.grave else ""
        return (
            f'<path class="lead" d="M{self.x:.1f} {self.y:.1f} L{right - 4:.1f} {y:.1f}"/>'
            f'<a href="{escaped(name_of(self.name))}">'
            f'<text x="{right:.1f}" y="{y + 4:.1f}">{escaped(words)}</text></a>'
        )


def _labels(middles: list[float], height: float) -> list[float]:
    """Heights of the labels: beside their circles, but never one on another."""
    order = sorted(range(len(middles)), key=lambda n: middles[n])
    placed = list(middles)
    for before, n in pairwise(order):
        placed[n] = max(placed[n], placed[before] + LINE)
    # What was pushed out at the bottom pushes up.
    limit = height - LINE
    for n in reversed(order):
        placed[n] = min(placed[n], limit)
        limit = placed[n] - LINE
    return placed
