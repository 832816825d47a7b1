"""A list and a single row of every resource: built from what `actions.reading` says of them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as PydanticField

from battery_assets.actions.people.caller import Caller
from battery_assets.actions.reading import asking
from battery_assets.actions.reading.catalogue import RESOURCES
from battery_assets.actions.reading.knowledge import PastNotKept
from battery_assets.actions.reading.resource import Field, Resource
from battery_assets.api import representations as forms
from battery_assets.api.callers import READ, may
from battery_assets.api.etags import tagged
from battery_assets.api.problems import ALWAYS, Problem, documented
from battery_assets.api.strict import Instant, routed

T = TypeVar("T")
MOST, MOST_BULK = 1_000, 100_000
_TYPES: dict[str, Any] = {
    "uuid": Annotated[str, PydanticField(pattern=r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")],
    "integer": Annotated[int, PydanticField(ge=-(2**31), le=2**31 - 1)],
    "boolean": bool,
}

router = routed()


class _Terms(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = PydanticField(
        default=None, max_length=500, description="next_cursor of the page before."
    )
    limit: int = PydanticField(
        default=100, ge=1, le=MOST_BULK, description=f"Rows at most; JSON gives {MOST:,} at most."
    )
    format: Literal["json", "csv", "arrow"] = PydanticField(default="json", description="Form of the answer.")
    as_of: Instant | None = PydanticField(
        default=None, description="What was known at this instant; 422 where the store does not keep it."
    )


def _terms(resource: Resource) -> type[BaseModel]:
    """The query terms of a resource's list."""
    terms: dict[str, Any] = {
        name: (list[_kind(resource.fields[name])], PydanticField(default=[], max_length=50, description=said))  # type: ignore[misc]
        for name in resource.filters
        if (said := resource.fields[name].description or name)
    }
    if resource.at is not None:
        about = f"{resource.at} at this instant or later", f"{resource.at} before this instant"
        for name, said in zip(("since", "until"), about, strict=True):
            terms[name] = (Instant | None, PydanticField(default=None, description=said))
    if resource.monthly is not None:
        terms["newest"] = (bool, PydanticField(default=False, description="Only each site's newest month."))
    return create_model(f"{resource.name.title().replace('-', '')}Terms", __base__=_Terms, **terms)


def _kind(one: Field) -> Any:
    if one.values:
        return Literal[one.values]
    return _TYPES.get(
        one.kind, Annotated[str, PydanticField(max_length=one.length or 255, pattern=r"^[^\x00]*$")]
    )


def _asked(resource: Resource, terms: Any, caller: Caller) -> asking.Asked:
    as_of = caller.as_of(terms.as_of)
    filters = {name: getattr(terms, name) for name in resource.filters if getattr(terms, name)}
    return asking.Asked(
        caller.sites,
        filters,
        getattr(terms, "since", None),
        getattr(terms, "until", None),
        getattr(terms, "newest", False),
        as_of,
        terms.cursor,
        terms.limit,
    )


def plainly(do: Callable[[], T]) -> T:
    """What reading gives; a site that the caller may not see is 403, a past that is not kept 422."""
    try:
        return do()
    except asking.NotAllowed as error:
        raise Problem(403, error.message, error.next_step) from error
    except PastNotKept as error:
        raise Problem(422, error.message, error.next_step, errors=[("query.as_of", error.message)]) from error


def _add_list(resource: Resource) -> None:
    terms_type, allowed = _terms(resource), may(READ[resource.room])

    def read(
        request: Request,
        terms: Annotated[Any, Query()],
        caller: Annotated[Caller, Depends(allowed)],
    ) -> Response:
        warehouse, asked = request.app.state.platform.warehouse, _asked(resource, terms, caller)
        if terms.format == "json":
            if terms.limit > MOST:
                said = f"JSON gives {MOST:,} rows at most"
                raise Problem(422, said, "ask for csv or arrow", errors=[("query.limit", said)])
            return forms.as_json(plainly(lambda: asking.page(warehouse, resource, asked)))
        as_form = forms.as_csv if terms.format == "csv" else forms.as_arrow
        return as_form(*plainly(lambda: asking.frame(warehouse, resource, asked)))

    read.__annotations__["terms"] = Annotated[terms_type, Query()]
    router.add_api_route(
        f"/{resource.name}", read, methods=["GET"], tags=[resource.room], summary=_summary(resource),
        name=f"list_{resource.name}", operation_id=f"list_{resource.name}",
        responses={200: {"content": forms.page_content(resource)}, **documented(*ALWAYS)},
        response_class=Response,
    )  # fmt: skip


def _add_one(resource: Resource) -> None:
    allowed = may(READ[resource.room])

    def read(
        request: Request,
        name: Annotated[
            str, Path(max_length=120, pattern=r"^[^\x00]+$", description=" or ".join(resource.one_by))
        ],
        caller: Annotated[Caller, Depends(allowed)],
        as_of: Annotated[Instant | None, Query()] = None,
    ) -> Response:
        asked = asking.Asked(caller.sites, as_of=caller.as_of(as_of))
        warehouse = request.app.state.platform.warehouse
        row = plainly(lambda: asking.one(warehouse, resource, name, asked))
        if row is None:
            raise Problem(404, f"no row of {resource.name} is called so", f"see the list of {resource.name}")
        return tagged(row)

    router.add_api_route(
        f"/{resource.name}/{{name}}", read, methods=["GET"], tags=[resource.room],
        summary=f"One of: {_summary(resource)}", name=f"read_{resource.name}",
        operation_id=f"read_{resource.name}",
        responses={200: {"content": {"application/json": {"schema": forms.row_schema(resource)}}},
                   **documented(*ALWAYS)},
        response_class=Response,
    )  # fmt: skip


def _summary(resource: Resource) -> str:
    return resource.title.rstrip(".")


for _resource in RESOURCES.values():
    _add_list(_resource)
    if _resource.name != "partitions":
        _add_one(_resource)
