"""How people find experiments again: a line of words and conditions, tags, searches that are kept."""

import hashlib
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import BadInput
from battery_assets.experiments.trying import books
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import experiment_tags, saved_searches, tags

_EQUAL = re.compile(r"^(model_type|status|split|control|tag|dataset):(\S+)$")
_NUMBER = re.compile(r"^([a-z_0-9]+)(>=|<=|>|<)(-?\d+(?:\.\d+)?)$")
_SLUG = re.compile(r"[^a-z0-9]+")
MOST = 500
_FOUND = (
    "SELECT one.*, data.name AS dataset FROM experiments.experiments AS one "
    "JOIN experiments.datasets AS data ON data.id = one.dataset_id"
)


def search(warehouse: Warehouse, query: str, limit: int = 50) -> list[dict[str, Any]]:
    """Experiments that a query finds, newest first: `model_type:cnn1d macro_auroc>0.95 some words`.

    Raises BadInput for a part that is neither.
    """
    where, values = ["TRUE"], {}
    for place, part in enumerate(query.split()):
        name = f"p{place}"
        if equal := _EQUAL.match(part):
            key, values[name] = equal.groups()
            where.append(_condition(key, name))
        elif number := _NUMBER.match(part):
            key, sign, bound = number.groups()
            values |= {name: float(bound), f"{name}_key": key}
            where.append(f"(one.metrics ->> :{name}_key)::double precision {sign} :{name}")
        elif re.fullmatch(r"[\w.-]+", part):
            values[name] = part
            where.append(f"one.search_vector @@ plainto_tsquery('simple', :{name})")
        else:
            raise BadInput(f"{part!r} in a search; next step: words, key:value, or score>number")
    # Every condition is one of ours; what was typed goes in as a parameter.
    statement = sa.text(f"{_FOUND} WHERE {' AND '.join(where)} ORDER BY one.id DESC LIMIT :most")
    with warehouse.reading() as connection:
        rows = connection.execute(statement, {**values, "most": min(limit, MOST)})
        return [dict(row) for row in rows.mappings()]


def _condition(key: str, name: str) -> str:
    own = {"model_type": "one.model_type", "status": "one.status", "dataset": "data.name"}
    if key == "tag":
        return (
            "EXISTS (SELECT FROM experiments.experiment_tags AS link JOIN experiments.tags AS tag "
            f"ON tag.id = link.tag_id WHERE link.experiment_id = one.id AND tag.slug = :{name})"
        )
    column = own.get(key, f"one.config ->> '{key}'")
    return f"{column} = :{name}"


def put_tag(warehouse: Warehouse, experiment: str, name: str, user_id: int = 0) -> None:
    """Give an experiment a tag, for a person. BadInput: an unknown experiment, a name without a letter."""
    row, slug = books.one(warehouse, experiment), _SLUG.sub("-", name.lower()).strip("-")
    if not slug or len(name) > 60:
        raise BadInput(f"tag {name!r}: 1 to 60 characters, some of them letters; next step: another one")
    with warehouse.transaction() as connection:
        color = f"#{hashlib.sha256(slug.encode()).hexdigest()[:6]}"
        made = (
            insert(tags)
            .values(name=name, slug=slug, color=color, created_by=user_id)
            .on_conflict_do_nothing(index_elements=["slug"])
        )
        connection.execute(made)
        number = connection.execute(sa.select(tags.c.id).where(tags.c.slug == slug)).scalar_one()
        link = insert(experiment_tags).values(experiment_id=row["id"], tag_id=number, added_by=user_id)
        connection.execute(link.on_conflict_do_nothing())
        uses = sa.select(sa.func.count()).where(experiment_tags.c.tag_id == number).scalar_subquery()
        connection.execute(sa.update(tags).where(tags.c.id == number).values(usage_count=uses))


def keep_search(warehouse: Warehouse, name: str, query: str, user_id: int = 0) -> None:
    """Keep a search under a name; one of that name is changed. Raises BadInput for no query."""
    search(warehouse, query, 1)
    values = {"query": query, "updated_at": sa.func.now()}
    statement = insert(saved_searches).values(user_id=user_id, name=name, query=query)
    with warehouse.transaction() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["user_id", "name"], set_=values))


def use_search(warehouse: Warehouse, name: str, user_id: int = 0) -> str:
    """The query that is kept under a name, counted as used. Raises BadInput where there is none."""
    own = saved_searches.c
    statement = (
        sa.update(saved_searches)
        .where(own.name == name, own.user_id == user_id)
        .values(usage_count=own.usage_count + 1, last_used_at=sa.func.now())
        .returning(own.query)
    )
    with warehouse.transaction() as connection:
        query = connection.execute(statement).scalar_one_or_none()
    if query is None:
        raise BadInput(f"no search is kept as {name!r}; next step: keep one with --save")
    return str(query)
