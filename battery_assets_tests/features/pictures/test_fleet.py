"""Pictures are small, are PNG, and cope with little or odd data."""

import io
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.pictures import fleet as pictures
from battery_assets.features.pictures import parts as picture_parts
from battery_assets_tests.worlds import operations as world


def fleet_hours(hours: int = 744) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    jars = world.jars()["battery_id"]
    at = [world.START + timedelta(hours=k + 1) for k in range(hours)]
    volts = 13.62 + rng.normal(0, 0.056, (len(jars), 1)) + rng.normal(0, 0.01, (len(jars), hours))
    frame = pl.DataFrame({"battery_id": jars}).join(pl.DataFrame({"feature_ts": at}), how="cross")
    return frame.with_columns(v_mean=pl.Series(volts.ravel()))


def lives() -> pl.DataFrame:
    return world.jars().select("battery_id", rul_days=np.linspace(20, 5000, 48))


def health() -> pl.DataFrame:
    return world.jars().select("battery_id", soh_pct=np.linspace(70, 102, 48))


def raised() -> pl.DataFrame:
    return alerts(world.set_to("float_voltage_25c", 12.5), thresholds())


PICTURES = {
    "heat map": lambda: pictures.voltage_heat_map(fleet_hours(), world.jars()),
    "heat map of an hour": lambda: pictures.voltage_heat_map(fleet_hours(1), world.jars()),
    "heat map of nothing": lambda: pictures.voltage_heat_map(fleet_hours(1).clear(), world.jars()),
    "lives": lambda: pictures.rul_histogram(lives()),
    "no lives": lambda: pictures.rul_histogram(lives().clear()),
    "health": lambda: pictures.soh_bars(health(), world.jars()),
    "no health": lambda: pictures.soh_bars(health().clear(), world.jars()),
    "alerts": lambda: pictures.alerts_timeline(raised()),
    "one alert": lambda: pictures.alerts_timeline(raised().head(1)),
    "no alerts": lambda: pictures.alerts_timeline(raised().clear()),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES.keys())
def test_every_picture_is_a_small_png(draw):
    from PIL import Image

    picture = draw()
    assert len(picture) < picture_parts.MOST_BYTES
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert image.width >= 500
        assert len(image.convert("RGB").getcolors(100_000)) > 3


def test_a_crowded_picture_is_drawn_coarser_rather_than_large():
    rng = np.random.default_rng(5)
    crowd = pl.concat([raised()] * 100).with_columns(
        triggered_at=pl.lit(world.START) + pl.duration(minutes=pl.Series(rng.integers(0, 40_000, 2400))),
        resolved_at=pl.lit(None, pl.Datetime("us", "UTC")),
        alert_type=pl.Series(rng.choice(["voltage_low", "ripple_high", "soh_degraded"], 2400)),
    )
    assert len(pictures.alerts_timeline(crowd)) < picture_parts.MOST_BYTES


def test_the_same_data_give_the_same_picture():
    assert pictures.rul_histogram(lives()) == pictures.rul_histogram(lives())


def test_a_low_jar_shows_in_the_heat_map():
    jar = pl.col("battery_id") == world.JAR
    sick = fleet_hours(48).with_columns(v_mean=pl.when(jar).then(11.4).otherwise("v_mean"))
    assert pictures.voltage_heat_map(sick, world.jars()) != pictures.voltage_heat_map(
        fleet_hours(48), world.jars()
    )


def test_drawing_leaves_no_figure_open_and_no_backend_behind():
    import matplotlib

    before = matplotlib.get_backend(auto_select=False)
    pictures.alerts_timeline(raised())
    assert matplotlib.get_backend(auto_select=False) == before
