"""Tags, notes and kept searches of experiments, of a warehouse: commands and routes call these."""

from typing import Any

import sqlalchemy as sa

from battery_assets.errors import BadField, BadInput
from battery_assets.experiments.trying import books, finding
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import experiment, saved_searches


def search(warehouse: Warehouse, query: str, limit: int, field: str = "query.q") -> list[dict[str, Any]]:
    """Experiments that a query finds, newest first. BadField for a query that is none."""
    try:
        matches = finding.search(warehouse, query, limit)
    except BadInput as error:
        fault = "a part is neither a word, nor key:value, nor score>number"
        raise BadField(f"query: {fault}", "as in model_type:cnn1d macro_auroc>0.95", field, fault) from error
    return [{name: value for name, value in row.items() if name != "search_vector"} for row in matches]


def tag(warehouse: Warehouse, name: str, word: str, user_id: int) -> None:
    """Give an experiment a tag, for a person."""
    finding.put_tag(warehouse, name, word, user_id)


def hold(connection: sa.Connection, number: int) -> None:
    """Let who changes the same experiment wait until the transaction ends."""
    connection.execute(sa.select(experiment.c.id).where(experiment.c.id == number).with_for_update())


def note(warehouse: Warehouse, name: str, words: str) -> None:
    """Write what is noted of an experiment, in place of what stands there."""
    books.change(warehouse, name, notes=words)


def keep(warehouse: Warehouse, name: str, query: str, user_id: int) -> int:
    """Keep a search under a name, for a person. Returns its number. BadField for a query that is none."""
    search(warehouse, query, 1, "query")
    finding.keep_search(warehouse, name, query, user_id)
    own = saved_searches.c
    mine = sa.select(own.id).where(own.user_id == user_id, own.name == name)
    with warehouse.reading() as connection:
        return int(connection.execute(mine).scalar_one())
