"""What Dagster shows of a materialization: rows, time span, checksum, schema, pictures."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import sqlalchemy as sa

from battery_assets.tables.projections import columns


def replaced_metadata(
    table: sa.Table, profile: dict[str, Any], sha256: str, seconds: float
) -> dict[str, Any]:
    """Metadata of a replaced partition."""
    shown: dict[str, Any] = {
        "dagster/partition_row_count": profile["rows"],
        "sha256": sha256,
        "seconds": round(seconds, 3),
    }
    first, last = _span(table, profile)
    if first:
        shown |= {"from": first, "to": last}
    if profile.get("gaps"):
        shown["gaps"] = profile["gaps"]
    return shown


def _span(table: sa.Table, profile: dict[str, Any]) -> tuple[str | None, str | None]:
    for column in columns(table):
        facts = profile["columns"].get(column.name, {})
        if column.info["kind"] == "instant" and facts.get("min"):
            return facts["min"], facts["max"]
    return None, None


def definition_metadata(table: sa.Table) -> dict[str, Any]:
    """Metadata of the asset itself: columns with types, units and words."""
    return {
        "dagster/column_schema": column_schema(columns(table)),
        "store": table.info["store"],
        "dagster/table_name": f"{table.schema}.{table.name}",
    }


def column_schema(shown: Iterable[sa.Column]) -> dg.TableSchema:
    """Columns as Dagster shows them: names, types, words."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                c.name,
                str(c.type),
                c.comment,
                constraints=dg.TableColumnConstraints(nullable=bool(c.nullable)),
            )
            for c in shown
        ]
    )


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of which Dagster draws a trend, by what they are; what is not known is left out."""
    return {name: round(float(value), 2) for name, value in values.items() if value is not None}


def also_shown(result: dg.MaterializeResult, shown: Mapping[str, Any]) -> dg.MaterializeResult:
    """The result with more among its metadata."""
    return result._replace(metadata={**(result.metadata or {}), **shown})


_BEFORE, _AFTER = "![](data:image/png;base64,", ")"


def picture(png: bytes) -> dg.MarkdownMetadataValue:
    """A picture that Dagster shows in the asset's metadata."""
    return dg.MetadataValue.md(f"{_BEFORE}{base64.b64encode(png).decode()}{_AFTER}")


def pictures_of(metadata: Mapping[str, Any]) -> dict[str, bytes]:
    """The PNG of each picture in a materialization's metadata, by its title: the reverse of `picture`."""
    texts = {
        name: value.md_str for name, value in metadata.items() if isinstance(value, dg.MarkdownMetadataValue)
    }
    return {
        name: base64.b64decode(text.removeprefix(_BEFORE).removesuffix(_AFTER))
        for name, text in texts.items()
        if text and text.startswith(_BEFORE)
    }
