"""Books, home and lake that belong together: each carries the id of the books, and strangers are refused.

The id lies in the database, and as the file `books.id` in the home and at the root of the lake. A home that
was copied or restored brings all three along, wherever it is.
"""

import contextlib
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import UserError
from battery_assets.platform.object_stores import fetch, remote
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.database import transaction

FILE = "books.id"
# At the root of a lake outside of the home: where the home is, and on which host.
HOME_FILE = "books.home"
# Of a lake without an id so many of the newest files are looked for; the oldest may be tidied away.
_LOOKED_FOR = 20


def refuse_strangers(url: str, lake: str, home: Path, *, shared: bool) -> str:
    """Hold home and lake against the books, and enter them where they are new. Returns the books' id.

    `shared`: the database is no part of the home, so that two homes could name it. UserError where the lake
    is other books' or cannot be reached, where another home works on this database, and where the lake is
    another home's that this one was copied from.
    """
    outside = False
    with transaction(url) as connection:
        fresh = {"one_row": True, "id": uuid.uuid4().hex}
        connection.execute(insert(r.books).values(fresh).on_conflict_do_nothing())
        row = connection.execute(sa.select(r.books).with_for_update()).one()
        with _answering(lake, "read"):
            _refuse_other_lake(connection, lake, row.id)
        if shared:
            _refuse_other_home(home, row)
            place = {"home": str(home), "host": socket.gethostname()}
            if (row.home, row.host) != (place["home"], place["host"]):
                connection.execute(sa.update(r.books).values(place))
        elif outside := _is_outside(lake, home):
            _refuse_other_home_s_lake(lake, home, row.id)
    _write(str(home), row.id)
    with _answering(lake, "written"):
        _write(lake, row.id)
        if outside:
            _write(lake, f"{home}\n{socket.gethostname()}", HOME_FILE)
    return str(row.id)


def join(url: str, lake: str, home: Path) -> bool:
    """For a worker: hold its lake against the books. Returns whether its home is that of the books.

    UserError where nobody has made the books yet, where the lake cannot be read, and where it is not theirs.
    """
    with transaction(url) as connection:
        there = sa.inspect(connection).has_table(r.books.name, r.books.schema)
        books = books_id(connection) if there else ""
    if not books:
        raise UserError(
            "the database has no books yet", "run `battery-assets migrate` or `up` where the home is"
        )
    with _answering(lake, "read"):
        marked = _read(lake)
    if marked != books:
        raise UserError(
            f"the lake {lake} is not the lake of this database (of the database: {books}, of the lake: "
            f"{marked or 'none'})",
            "set BATTERY_LAKE_URL as it is where `battery-assets up` runs",
        )
    return _read(str(home)) == books


@contextmanager
def _answering(lake: str, what: str) -> Iterator[None]:
    """UserError where a bucket or folder does not let us in, or is none."""
    try:
        yield
    except (UserError, sa.exc.SQLAlchemyError):
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise UserError(
            f"the lake {lake} cannot be {what}: {reason}",
            "check BATTERY_LAKE_URL, that the bucket is there, AWS_ENDPOINT_URL and the AWS keys",
        ) from error


def books_id(connection: sa.Connection) -> str:
    """The books' id, by which what lies in a shared store is told from other platforms'; empty before any."""
    return connection.execute(sa.select(r.books.c.id)).scalar_one_or_none() or ""


def _refuse_other_lake(connection: sa.Connection, lake: str, books: str) -> None:
    marked = _read(lake)
    if marked == books or (marked is None and _holds_what_is_named(connection, lake)):
        return
    whose = "belongs to other books" if marked else "holds none of the files that the books name"
    raise UserError(
        f"the lake {lake} {whose} (of the database: {books}, of the lake: {marked or 'none'})",
        "set BATTERY_LAKE_URL to the lake of this database, or restore the database of this lake; to begin "
        "anew, give an empty folder",
    )


def _holds_what_is_named(connection: sa.Connection, lake: str) -> bool:
    """Has the lake one of the files that were written last? True where none was ever written."""
    newest = sa.select(r.lake_file).order_by(r.lake_file.c.written_at.desc()).limit(_LOOKED_FOR)
    rows = list(connection.execute(newest))
    return not rows or any(_exists(f"{lake.rstrip('/')}/{row.table_name}/{row.path}") for row in rows)


def _refuse_other_home(home: Path, row: sa.Row) -> None:
    marked = _read(str(home))
    if marked not in (None, row.id):
        raise UserError(
            f"{home} is the home of other books (of the database: {row.id}, of the home: {marked})",
            "set BATTERY_HOME or BATTERY_DATABASE_URL to those that belong together",
        )
    if row.home is None or Path(row.home) == home:
        return
    here = row.host == socket.gethostname()
    gone = here and _read(row.home) != row.id
    same = here and not gone and Path(row.home).samefile(home)
    if gone or same or (marked and not here):
        return
    where = row.home if here else f"{row.home} on {row.host}"
    raise UserError(
        f"another home, {where}, works on this database: {home} would have a landing folder, models and "
        "logs of its own",
        f"set BATTERY_HOME to {row.home}, or BATTERY_DATABASE_URL to a database of its own; where that home "
        f"is gone for ever, bring its file {FILE} to {home}",
    )


def _is_outside(lake: str, home: Path) -> bool:
    """Whether the lake lies outside of the home: a copy of the home has none of its own then."""
    return "://" in lake or not Path(lake).resolve().is_relative_to(home.resolve())


def _refuse_other_home_s_lake(lake: str, home: Path, books: str) -> None:
    """A copied home brings the id along: its books and the original's would write into one lake."""
    where, _, host = (_read(lake, HOME_FILE) or "").partition("\n")
    if not where or host != socket.gethostname() or Path(where) == home:
        return
    if _read(where) != books or Path(where).samefile(home):
        return
    raise UserError(
        f"the lake {lake} is that of the home {where}, of which {home} is a copy: the books of both would "
        "write into it",
        f"set BATTERY_LAKE_URL to a copy of the lake, or BATTERY_HOME to {where}; where {home} is to take "
        f"its place, remove {where} first",
    )


def _read(place: str, name: str = FILE) -> str | None:
    """What a file at the root of a folder or bucket says, the id by itself; None where there is none."""
    try:
        if "://" in place:
            return fetch(f"{place.rstrip('/')}/{name}").decode().strip()
        return (Path(place) / name).read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _write(place: str, words: str, name: str = FILE) -> None:
    if _read(place, name) == words:
        return
    if "://" in place:
        store, path = remote(f"{place.rstrip('/')}/{name}")
        store.put(path, words.encode())
        return
    Path(place).mkdir(parents=True, exist_ok=True)
    (Path(place) / name).write_text(f"{words}\n")


def _exists(target: str) -> bool:
    if "://" not in target:
        return Path(target).is_file()
    store, path = remote(target)
    with contextlib.suppress(FileNotFoundError):
        return bool(store.head(path))
    return False
