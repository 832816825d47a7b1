"""A month of the twin: the filter day by day, what the discharges identify, health, and what is handed on."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.evidence import FITS
from battery_assets.features.samples.strings import Units
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.features.twin import carry
from battery_assets.features.twin.filter import TwinState, twin_day
from battery_assets.features.twin.identify import identified
from battery_assets.features.twin.readings import week_of_readings
from battery_assets.features.twin.states import twin_states
from battery_assets.features.windows.discharges import NO_WINDOWS, day_windows, largest
from battery_assets.features.windows.feature_rows import TelemetryDay

Days = Iterable[tuple[date, pl.DataFrame, pl.DataFrame]]
# state_of_health with this month's discharge fits (columns of FITS), at an instant.
Health = Callable[[pl.DataFrame, datetime], pl.DataFrame]
_NONE = pl.DataFrame()
_TIME = pl.Datetime("us", "UTC")
_UNITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "ts": _TIME,
    "battery_id": pl.String,
    "string_id": pl.String,
}
_NUMBERS = ("voltage_v", "temperature_c", "current_a")
NO_JARS = pl.DataFrame(schema=_UNITS | dict.fromkeys(_NUMBERS, pl.Float32))
NO_STRINGS = NO_JARS.with_columns(mode=pl.lit(None, pl.String))


def twin_month(
    jars: pl.DataFrame, before: pl.DataFrame, days: Days, features_24h: pl.DataFrame, health: Health
) -> pl.DataFrame:
    """Rows of digital_twin_state for the jars, in their order, at the last instant of features_24h.

    jars: battery_id, string_id, capacity_ah, installed_date, initial_capacity_ah, initial_resistance_mohm.
    before: digital_twin_state of earlier months; its newest row of each jar is where its filter starts, a jar
    without one starts anew. days: day, jar rows (may be empty on days without load or rest), string rows, in
    order.

    The filter runs on the parameters that the month before handed on: what this month's discharges identify
    is handed to the next, so that each day needs only the days before it.
    """
    walked = [(state, windows) for _, state, windows in twin_days(jars, before, days)]
    state = walked[-1][0] if walked else None
    return twin_at_end(jars, before, state, [windows for _, windows in walked], features_24h, health)


def twin_days(
    jars: pl.DataFrame, before: pl.DataFrame, days: Days, state: TwinState | None = None
) -> Iterator[tuple[date, TwinState, pl.DataFrame]]:
    """The first half of `twin_month`: each day, the filter's state at its end, and its discharges.

    state: that of the evening before the first of the days; None where they are the first of the month. The
    discharges are as `day_windows` gives them.
    """
    walk = TwinWalk(jars, before, state)
    for day, jar_rows, string_rows in days:
        windows = walk.step(day, jar_rows, string_rows)
        assert walk.state is not None
        yield day, walk.state, windows


class TwinWalk:
    """The filter of a site's jars, day after day; `state` is that of the last evening, None before any."""

    def __init__(self, jars: pl.DataFrame, before: pl.DataFrame, state: TwinState | None = None) -> None:
        documents, ids = carry.documents_of(before), jars["battery_id"].to_list()
        ohmic_new = carry.numbers_of(jars, ids, "initial_resistance_mohm")
        start = carry.carried(
            documents, jars, np.full(len(ids), np.nan), _first_time(documents, ids, ohmic_new)
        )
        self._jars, self._told, self._parameters = jars, documents, start.parameters
        self.state = state

    def step(self, day: date, jar_rows: pl.DataFrame, string_rows: pl.DataFrame) -> pl.DataFrame:
        """Filter a day. Returns its discharges, as `day_windows` gives them."""
        if self.state is None:
            self.state = carry.restored(self._told, jar_rows, string_rows, self._jars)
        self.state = twin_day(jar_rows, string_rows, self._jars, self._parameters, self.state)
        samples = TelemetryDay(day, jar_rows, string_rows, _NONE, _NONE)
        return day_windows(samples, self._jars) if jar_rows.height else NO_WINDOWS


def twin_at_end(
    jars: pl.DataFrame,
    before: pl.DataFrame,
    state: TwinState | None,
    windows_by_day: Iterable[pl.DataFrame],
    features_24h: pl.DataFrame,
    health: Health,
) -> pl.DataFrame:
    """The second half of `twin_month`, from the last state and the discharges of `twin_days`.

    state: None where no string sent anything.
    """
    at, ids = features_24h["feature_ts"].max(), jars["battery_id"].to_list()
    assert isinstance(at, datetime)
    documents = carry.documents_of(before)
    silent = state is None
    state = carry.restored(documents, NO_JARS, NO_STRINGS, jars) if state is None else state
    charge = state.frame()
    if silent:
        # No string said anything: health and wear can be told, the charge cannot.
        unknown = [pl.lit(None, pl.Float64).alias(name) for name in ("soc_pct", "soc_std_pct")]
        charge = charge.with_columns(unknown)
    windows = largest(windows_by_day, per_string=3)
    healthy = health(pl.DataFrame(schema=FITS), at)
    soh = _working_soh(healthy, ids)
    ohmic = _ohmic_at_25c(features_24h, ids, carry.numbers_of(jars, ids, "initial_resistance_mohm"))
    prior = carry.carried(documents, jars, soh, ohmic)
    units = Units.of(jars)
    fitted = identified(windows, prior.parameters, prior.theta_sd, units.rated_ah)
    final = health(carry.fits_now(fitted), at)
    hands_on = carry.updated(prior, fitted, _working_soh(final, ids))
    shown = {
        name: (fitted.fitted_at[k], float(fitted.rmse_v[k]))
        for k, name in enumerate(fitted.parameters.battery_id)
        if np.isfinite(fitted.rmse_v[k])
    }
    rows = twin_states(jars, charge, final, features_24h, windows, hands_on.parameters, at, shown)
    texts = carry.documents(state, hands_on, fitted, units)
    return rows.with_columns(filter_json=pl.Series(texts, dtype=pl.String))


def _working_soh(health: pl.DataFrame, ids: list[str]) -> np.ndarray:
    """Health of the cells that still work, % in order of ids; a failed cell leaves the jar less."""
    name = "working_soh_pct" if "working_soh_pct" in health.columns else "soh_pct"
    return carry.numbers_of(health, ids, name)


def _first_time(documents: dict, ids: list[str], ohmic_mohm: np.ndarray) -> np.ndarray:
    """The acceptance reading of the jars that begin; NaN for those that go on."""
    return np.where([name in documents for name in ids], np.nan, ohmic_mohm)


def _ohmic_at_25c(features_24h: pl.DataFrame, ids: list[str], initial_mohm: np.ndarray) -> np.ndarray:
    """Each jar's ohmic reading of the last week at 25 °C, its acceptance value where it was never read."""
    latest = week_of_readings(features_24h)
    read = carry.numbers_of(latest, ids, "r_internal_latest")
    warm = np.nan_to_num(carry.numbers_of(latest, ids, "t_mean"), nan=25.0)
    return np.where(np.isfinite(read), resistance_at_25c(read, warm), initial_mohm)
