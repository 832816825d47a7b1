"""Health of every jar, a row for each string: colour and, below 80 % or with a fault, a cross."""

import polars as pl

from battery_assets.features.fleet_page.markup import Html, escaped, escaped_column, note

_HEALTH = pl.col("soh_pct")
_BAD = pl.col("fault").is_not_null() | (_HEALTH < 80.0)
_BAND = (
    pl.when(pl.col("fault").is_not_null() | (_HEALTH < 80.0)).then(pl.lit("bad"))
    .when(_HEALTH.is_null()).then(pl.lit("none"))
    .when(_HEALTH < 85.0).then(pl.lit("low"))
    .when(_HEALTH < 95.0).then(pl.lit("good"))
    .otherwise(pl.lit("new"))
)  # fmt: skip
_LEGEND = (
    ("new", "95 % or more"), ("good", "85-95 %"), ("low", "80-85 %"), ("bad", "below 80 %, or a fault"),
    ("none", "not known"),
)  # fmt: skip


def heat_map(jars: pl.DataFrame) -> Html:
    """Every jar in service by its place in its string. jars: columns of `contents.JARS`."""
    if jars.height == 0:
        return note("No jar is in service.")
    keys = "".join(f'<li><span class="key {band}"></span>{escaped(name)}</li>' for band, name in _LEGEND)
    drawn = _drawn(jars)
    sites = [
        Html(f"<h3>{escaped(site)}</h3>{_rows(of_site)}")
        for (site,), of_site in drawn.group_by("site", maintain_order=True)
    ]
    return Html(f'<ul class="legend">{keys}</ul>{"".join(sites)}')


def _drawn(jars: pl.DataFrame) -> pl.DataFrame:
    """Each jar with the cell that it is drawn as; strings and jars in order."""
    said = pl.coalesce(
        pl.col("fault").str.replace_all("_", " "),
        pl.format("{} %", _HEALTH.round(0).cast(pl.Int64, strict=False)),
        pl.lit("not known"),
    )
    placed = jars.sort("site", "string", "position", "jar").with_columns(
        x=pl.int_range(pl.len()).over("site", "string"), band=_BAND, said=escaped_column(said)
    )
    cell = pl.format(
        '<rect x="{}" width="1" height="1" class="{}"><title>{}: {}</title></rect>',
        "x",
        "band",
        escaped_column(pl.col("jar")),
        "said",
    )
    cross = pl.format(
        '<path d="M{} .15 L{} .85 M{} .85 L{} .15"/>',
        pl.col("x") + 0.2, pl.col("x") + 0.8, pl.col("x") + 0.2, pl.col("x") + 0.8,
    )  # fmt: skip
    return placed.with_columns(cell=cell + pl.when(_BAD).then(cross).otherwise(pl.lit("")))


def _rows(of_site: pl.DataFrame) -> str:
    """The strings of a site, cells of equal width."""
    strings = (
        of_site.sort(_HEALTH, nulls_last=True)
        .group_by("string")
        .agg(worst=pl.col("jar").first(), least=_HEALTH.first())
    )
    drawn = of_site.group_by("string", maintain_order=True).agg(pl.col("cell").str.join(""), n=pl.len())
    widest = drawn.select(pl.col("n").max()).item()
    lines = []
    for string, cells, n, worst, least in drawn.join(strings, on="string", maintain_order="left").iter_rows():
        last = "not known" if least is None else f"worst {_within(worst, string)}, {least:.0f} %"
        label = f"{string}: {n} jars, {last}"
        lines.append(
            f'<div class="string"><span class="code">{escaped(string)}</span>'
            f'<svg viewBox="0 0 {widest} 1" preserveAspectRatio="none" role="img" '
            f'aria-label="{escaped(label)}">{cells}</svg>'
            f'<span class="worst">{escaped(last)}</span></div>\n'
        )
    return "".join(lines)


def _within(jar: str, string: str | None) -> str:
    """A jar's code without its string's."""
    return jar.removeprefix(f"{string}-")
