"""Outdoor air at Thai places: monthly means, diurnal swing, day-to-day anomaly.

Monthly means are approximate thirty-year normals (+-0.7 C, general knowledge; TMD data would replace them).
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

ANOMALY_SD_C = 1.2
ANOMALY_MEMORY = 0.7  # AR(1) from day to day
HOTTEST_UTC_H = 8.0  # 15:00 in Thailand
# Mid-month relative humidity, Jan..Dec: 60-70 % in March to 80-85 % in September.
HUMIDITY_PCT = (68, 66, 66, 68, 74, 76, 77, 79, 82, 80, 74, 69)


@dataclass(frozen=True)
class Climate:
    """Monthly mean temperature (C), January to December."""

    monthly_c: tuple[float, ...]


BANGKOK = Climate((27.3, 28.6, 29.8, 30.9, 30.1, 29.7, 29.3, 29.1, 28.7, 28.5, 28.4, 27.1))
CHIANG_MAI = Climate((21.9, 24.0, 27.4, 29.7, 29.0, 28.5, 27.9, 27.5, 27.4, 26.8, 24.8, 22.2))
KHON_KAEN = Climate((23.8, 26.0, 28.6, 30.1, 29.3, 29.0, 28.5, 28.1, 27.8, 27.2, 25.9, 23.9))
HAT_YAI = Climate((26.9, 27.4, 28.2, 28.9, 28.8, 28.5, 28.3, 28.2, 27.9, 27.4, 26.9, 26.6))
SRIRACHA = Climate((27.2, 28.1, 29.0, 30.0, 29.7, 29.4, 29.0, 28.9, 28.5, 28.1, 27.8, 26.8))
SURAT_THANI = Climate((26.4, 27.3, 28.4, 29.1, 28.7, 28.3, 28.0, 27.9, 27.6, 27.2, 26.7, 26.1))
PHUKET = Climate((28.0, 28.5, 29.1, 29.3, 28.7, 28.6, 28.2, 28.2, 27.7, 27.6, 27.7, 27.7))


def _seasonal(monthly: tuple[float, ...], days: np.ndarray) -> np.ndarray:
    year_day = (days.astype("datetime64[D]") - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(
        int
    )
    return np.interp(year_day, (np.arange(12) + 0.5) * 30.4375, monthly, period=365.25)


def daily_mean_c(climate: Climate, days: np.ndarray, innovations: np.ndarray) -> np.ndarray:
    """Daily mean (C) for consecutive days (datetime64[D]) and as many standard normal innovations."""
    quiet = np.sqrt(1 - ANOMALY_MEMORY**2)
    anomaly = lfilter([quiet], [1.0, -ANOMALY_MEMORY], innovations) * ANOMALY_SD_C
    return _seasonal(climate.monthly_c, days) + anomaly


def daily_humidity_pct(days: np.ndarray) -> np.ndarray:
    """Seasonal mean relative humidity outdoors (%)."""
    return _seasonal(HUMIDITY_PCT, days)


def diurnal_c(day: np.datetime64, hour_utc: np.ndarray) -> np.ndarray:
    """Departure (C) from the daily mean: half-amplitude 5 K in the dry season, 3.5 K in the wet one."""
    month = int(str(day)[5:7])
    swing = 3.5 if 5 <= month <= 10 else 5.0
    return swing * np.cos(2 * np.pi * (np.asarray(hour_utc) - HOTTEST_UTC_H) / 24)
