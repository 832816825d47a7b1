"""How a jar differs from others of its health at high rates: acid, exchange current, depletion of acid.

Health is what the 10 h test shows. Jars that are equal in it differ at the rates of a ride-through by their
make (SOURCES 6). A discharge that the twin saw tells how, and a jar keeps its make for life: what the twin
hands from month to month holds it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from battery_assets.features.twin import fit_kernels as fit
from battery_assets.features.twin.carry import documents_of
from battery_assets.features.twin.identify import DEPLETION_SD, EXCHANGE_SD, VOLUME_SD
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import made_for_health

# Logarithms against the reference jar, each with its deviation; of a jar that no discharge has shown, those
# of the population.
KINDS = ("acid", "exchange", "depletion")
POPULATION_SD = (VOLUME_SD, EXCHANGE_SD, DEPLETION_SD)
KINETICS = tuple(f"ln_{kind}" for kind in KINDS)
KINETICS_SD = tuple(f"ln_{kind}_sd" for kind in KINDS)
NUMBERS: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys((*KINETICS, *KINETICS_SD), pl.Float64)
NO_KINETICS = pl.DataFrame(schema={"battery_id": pl.String, **NUMBERS})
SHOWN = 0.95  # of the population's spread: what is as wide tells nothing
_FITTED = (fit.LN_VOLUME, fit.LN_EXCHANGE, fit.LN_DEPLETION)


def own_kinetics(twins: pl.DataFrame) -> pl.DataFrame:
    """battery_id, KINETICS, KINETICS_SD of the jars of which a discharge has told the twin.

    twins: rows of digital_twin_state (battery_id, captured_at, filter_json) with rated_ah of the jar.
    """
    rated = dict(twins.select("battery_id", "rated_ah").iter_rows())
    fits = [
        (name, *_of_one(document, float(rated.get(name) or HX12_120.rated_ah)))
        for name, document in documents_of(twins).items()
        if document.get("parameters") is not None and _shown(document)
    ]
    return pl.DataFrame(fits, schema=NO_KINETICS.schema, orient="row")


def _shown(document: Mapping[str, Any]) -> bool:
    """Whether depletion is better known than that of any jar."""
    return document["theta_sd"][fit.LN_DEPLETION] < SHOWN * DEPLETION_SD


def _of_one(document: Mapping[str, Any], rated_ah: float) -> tuple[float, ...]:
    parameters, size = document["parameters"], rated_ah / HX12_120.rated_ah
    # Depletion is spread over the acid there is: of the jar's make speaks their product.
    made = (
        parameters["depletion_per_a"]
        * parameters["acid_ah"]
        / (HX12_120.depletion_per_a * HX12_120.depth_capacity_ah)
    )
    logs = np.log([parameters["acid_volume"], parameters["exchange_a"] / (HX12_120.exchange_a * size), made])
    sds = [min(document["theta_sd"][k], sd) for k, sd in zip(_FITTED, POPULATION_SD, strict=True)]
    return *logs.tolist(), *sds


@lru_cache(maxsize=1)
def scale_for_test() -> np.ndarray:
    """How ln of a capacity scale has to move with ln acid, ln exchange, ln depletion, (3,).

    The 10 h test then comes out as before; within 0.3 % over the population (`test_kinetics.py`).
    """
    new = np.full(2, HX12_120.acceptance_scale)
    slopes = []
    for k, sd in enumerate(POPULATION_SD):
        made = [np.ones(2) for _ in KINDS]
        made[k] = np.exp(np.array([sd, -sd]))
        acid, exchange, depletion = made
        more, less = np.log(made_for_health(new, acid, exchange, depletion))
        slopes.append((more - less) / (2.0 * sd))
    return np.array(slopes)
