"""A registered model, or an ensemble, judged on files that were kept back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from battery_assets.actions.session import Session
from battery_assets.errors import UserError
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.lab.training.evaluation import evaluate
from battery_assets.lab.training.selection import BadSelection
from battery_assets.platform.tracking import Tracking


def judged(at: Session, number: int, paths: Sequence[Path], *, ensemble: bool = False) -> dict[str, Any]:
    """scores (name: value, low, high), cells (rows of errors), quarantined. UserError where it cannot be."""
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    try:
        scored = evaluate(at.warehouse, tracking, number, list(paths), ensemble=ensemble)
    except (BadSelection, FileRefused, ValueError) as error:
        fault, _, step = str(error).partition("; next step: ")
        raise UserError(fault, step or "correct it and run the command again") from error
    return {"scores": scored.scores, "cells": scored.cells.rows(), "quarantined": scored.quarantined}
