"""Data by consequence, and what was learned: models and experiments with links into Dagster and MLflow."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.overview import blindness
from battery_assets.actions.overview.reader import Reader
from battery_assets.actions.overview.scoreboard import scoreboard
from battery_assets.console.pages import Page, page, reader_of, warehouse_of
from battery_assets.hosting.presence import present

router = APIRouter(route_class=Page, include_in_schema=False)
LIFE_SCORES = (("c_index", "C-index"), ("brier_90d", "Brier, 90 d"), ("coverage_95", "Inside 95 %"))
SCORES = (
    ("macro_auroc", "AUROC"),
    ("exact", "All labels right"),
    ("sound_called_sound", "Sound called sound"),
)
LAB_SCORES = (("soh_mape_by_cell", "Health, error"), ("rul_rmse_by_cell", "Cycles left, error"),
              ("probes_red", "Probes red"))  # fmt: skip


def pages_beside(request: Request) -> dict[str, Any]:
    """Addresses of the Dagster and MLflow pages that `up` serves beside this one; None where it does not."""
    beside = present(request.app.state.platform.settings, patience_s=0.0)
    if beside is None:
        return {"dagster": None, "mlflow": None}
    return {"dagster": beside.web_url, "mlflow": beside.mlflow_url}


@router.get("/data")
def data(request: Request, reader: Annotated[Reader, Depends(reader_of)]) -> Response:
    """Which alerts are blind, and why."""
    consequences = blindness.data(warehouse_of(request), reader)
    newest = {
        one.site: max(
            (row["month"] for name, row in one.partitions.items() if name in blindness.RAW), default=None
        )
        for one in consequences.sites
    }
    return page(
        request,
        "data.html",
        data=consequences,
        newest=newest,
        tables=blindness.SHOWN,
        **pages_beside(request),
    )


@router.get("/models")
def models(request: Request, reader: Annotated[Reader, Depends(reader_of)]) -> Response:
    """What the alerts were worth; models and experiments for who sees every site."""
    board = scoreboard(warehouse_of(request), reader)
    scores: dict[str, Any] = {"life_scores": LIFE_SCORES, "scores": SCORES, "lab_scores": LAB_SCORES}
    beside = pages_beside(request)
    return page(request, "models.html", board=board, whole=reader.sites is None, **scores, **beside)
