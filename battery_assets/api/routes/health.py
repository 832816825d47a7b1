"""Whether the service answers, and what stands behind it. No key is asked for."""

import sqlalchemy as sa
from fastapi import APIRouter, Request
from pydantic import BaseModel

from battery_assets.api.problems import PREFIX, documented

router = APIRouter(prefix=PREFIX, tags=["service"])


class Health(BaseModel):
    """The service answers."""

    status: str
    database: str


@router.get("/health", summary="Whether the service and its database answer", responses=documented(503, 504))
def health(request: Request) -> Health:
    """503 while the database does not answer."""
    with request.app.state.platform.warehouse.reading() as connection:
        connection.execute(sa.text("SELECT 1"))
    return Health(status="ok", database="ok")
