"""How well health could be told at best: Bayes with the generator's own law as prior and likelihood.

An estimate that knows only shares of a population draws back to them where evidence is weak. Among jars that
are truly weak it then reads too high, however right it is: most of those that look as they do are sound. The
oracle says how much of a bias that explains. It knows what no estimator may: shares, rates, scatter, errors
of instruments, how people find jars, what the usual jar of a string floats at, and thermal age.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtr

from battery_assets.features.health.densities import normalised
from battery_assets.features.health.evidence import evidence
from battery_assets.features.health.string_test import by_string_test
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.physics import ageing, float_charge
from battery_assets.synthetic import operators
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.condition import FRESH_SHIFT
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import CAPACITY_SD, lives
from battery_assets.synthetic.signals.wear_clock import ageing_clock
from battery_assets.synthetic.signals.weather import first_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import HAND_GAIN_SD, HAND_SCATTER
from battery_assets_tests.worlds.estimation import monitored
from battery_assets_tests.worlds.estimation.by_world import MONITOR, June

PARTICLES, RATE_SD = 6000, 0.25
NO_FITS, NO_SIGNS = pl.DataFrame(schema=monitored.FITS), pl.DataFrame(schema=monitored.SIGNS)


@dataclass(frozen=True)
class Drawn:
    """Possible jars (P,) of a world, and ln of what each stands for (profiles and mechanisms drawn alike)."""

    profile: np.ndarray
    mechanism: np.ndarray
    rate: np.ndarray
    initial: np.ndarray
    own: np.ndarray
    log_weight: np.ndarray


def drawn(site: SyntheticSite, rng: np.random.Generator, count: int = PARTICLES) -> Drawn:
    """`count` possible jars; `initial` in deviations."""
    shares = np.array(site.world.shares)
    profile = rng.integers(0, 3, count)
    mechanism = site.world.mechanism(rng.random(count), profile)
    rate = np.array([one.rate for one in ageing.PROFILES])[profile] * site.world.rate
    rate = rate * np.exp(RATE_SD * rng.standard_normal(count))
    return Drawn(
        profile,
        mechanism,
        rate,
        rng.standard_normal(count),
        rng.standard_normal(count),
        np.log(shares[profile]),
    )


class Oracle:
    """The best estimate of some jars of a June, by place in `known`."""

    def __init__(self, june: June, jars: np.ndarray, rng: np.random.Generator) -> None:
        self.june, self.jars = june, jars
        self.site, self.possible = june.site, drawn(june.site, rng)
        self.own = lives(june.site).take(june.rows[jars])
        accepted = june.known["initial_capacity_ah"].to_numpy()[jars] / june.site.product.rated_ah
        precise = 1.0 / CAPACITY_SD**2 + 1.0 / june.site.world.acceptance_sd**2
        mean = (ageing.MEAN_INITIAL / CAPACITY_SD**2 + accepted / june.site.world.acceptance_sd**2) / precise
        self.initial = mean[:, None] + self.possible.initial / np.sqrt(precise)

    def at(self, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Capacity and resistance ratio (J, P) on days (J,) with fractions."""
        site, jars = self.site, self.own
        system = layout(site).system_of_string[jars.position // site.jars_per_string]
        clock, origin = ageing_clock(site), first_day(site)
        whole = np.maximum(day, jars.installed).astype(int) - origin
        lived = clock[system, whole] - clock[system, np.maximum(jars.installed - origin, 0)]
        tau = (lived * site.world.years(25 + jars.warmer_k))[:, None]
        soh = site.world.health(tau, self.possible.rate, self.initial)
        worn = ageing.wear(soh, self.initial)
        kinds = self.possible
        return soh, site.world.resistance(worn, kinds.profile, kinds.mechanism, kinds.own)

    def weights(self, seen_by: str) -> np.ndarray:
        """Weights (J, P) that sum to one."""
        log_w = self.possible.log_weight + self._in_service() + self._by_resistance(seen_by)
        if seen_by == MONITOR:
            log_w = log_w + self._by_fit() + self._by_float()
        return normalised(log_w + self._by_string_test(log_w))

    def health(self, seen_by: str) -> pl.DataFrame:
        """true, soh_pct (mean), soh_lower_pct, soh_upper_pct (5 and 95 %) of the jars."""
        soh, _ = self.at(np.full(self.jars.size, float(self.june.end)))
        weight, order = self.weights(seen_by), np.argsort(soh, axis=1)
        ranked = np.take_along_axis(soh, order, 1)
        cdf = np.cumsum(np.take_along_axis(weight, order, 1), axis=1)
        low, high = (
            np.take_along_axis(ranked, np.minimum((cdf < q).sum(1), soh.shape[1] - 1)[:, None], 1)[:, 0]
            for q in (0.05, 0.95)
        )
        told = {"true": self.june.now.soh[self.jars], "soh_pct": (weight * soh).sum(1),
                "soh_lower_pct": low, "soh_upper_pct": high}  # fmt: skip
        return pl.DataFrame({name: 100.0 * values for name, values in told.items()})

    def _in_service(self) -> np.ndarray:
        """ln P(nobody has taken the jar out, and it has not failed at once)."""
        site, end, born = self.site, float(self.june.end), self.own.installed
        strings = self.own.position // site.jars_per_string
        age = (end - born)[:, None] / 365.25
        sudden = np.array([one.sudden_per_year for one in ageing.PROFILES])[self.possible.profile]
        kept = -(sudden + operators.MISTAKEN_PER_YEAR) * age
        rounds = operators._quarters(site)
        for day in rounds[(rounds > born.min()) & (rounds < end)]:
            kept = kept + self._let_pass(np.full(born.size, float(day)), by_test=False)
        tests = operators._tests(site)[strings]
        for k in np.flatnonzero(((tests > born.min()) & (tests < end)).any(0)):
            kept = kept + self._let_pass(tests[:, k].astype(float), by_test=True)
        return kept

    def _let_pass(self, day: np.ndarray, *, by_test: bool) -> np.ndarray:
        """ln P(a round or a test, (J,) days, did not take a jar out until now)."""
        soh, ratio = self.at(day)
        if by_test:
            hit = ndtr((operators.FAILS_AT / soh - 1) / operators.TEST_SD) * operators.TESTS_ACTED_ON
        else:
            hit = ndtr((1 - operators.RISEN_BY / ratio) / operators.READING_SD * 1.0)
            hit = np.where(soh < operators.COLLAPSES_AT, 0.95, hit * operators.ROUNDS_ACTED_ON)
        waited = np.maximum(self.june.end - day, 0.1)
        ordered = ndtr(np.log(waited / operators.ORDER_DAYS) / operators.ORDER_SPREAD)
        there = (day > self.own.installed) & (day < self.june.end)
        return np.where(there[:, None], np.log1p(-np.minimum(hit * ordered[:, None], 0.999)), 0.0)

    def _by_resistance(self, seen_by: str) -> np.ndarray:
        """ln likelihood of readings over the first one, whose own error they share, as the monitor's its gain."""
        first = self.june.known["initial_resistance_mohm"].to_numpy()[self.jars]
        squares, sums, of_monitor = (np.zeros(self.initial.shape) for _ in range(3))
        precise, precise_monitor = (np.zeros((self.jars.size, 1)) for _ in range(2))
        for rows, noise, by_hand in self._readings(seen_by):
            day, read = rows
            seen = np.isfinite(read)
            off = np.log(np.where(seen, read / first, 1.0))[:, None] - np.log(self.at(np.nan_to_num(day))[1])
            part = np.where(seen, 1.0 / noise, 0.0)[:, None]
            squares, sums, precise = squares + part * off**2, sums + part * off, precise + part
            if not by_hand:
                of_monitor, precise_monitor = of_monitor + part * off, precise_monitor + part
        one, two = precise + 1.0 / HAND_SCATTER**2, precise_monitor + 1.0 / monitored.GAIN_SD**2
        shared = two * sums**2 - 2.0 * precise_monitor * sums * of_monitor + one * of_monitor**2
        return -0.5 * (squares - shared / (one * two - precise_monitor**2))

    def _readings(self, seen_by: str):
        """(day, mOhm at 25 C) (J,), variance of ln, by hand: of each round of people, and what a monitor adds."""
        rounds = self.june.rounds.sort("measured_at").with_columns(
            n=pl.col("measured_at").rank("ordinal").over("battery_id")
        )
        for _, rows in rounds.group_by("n"):
            yield self._by_jar(rows), HAND_SCATTER**2 + HAND_GAIN_SD**2, True
        if seen_by == MONITOR:
            week = self.june.week.group_by("battery_id").agg(
                pl.col("measured_at").max(), pl.col("resistance_mohm").log().mean().exp(),
                pl.col("temperature_c").mean(),
            )  # fmt: skip
            of_week = monitored.READING_SD**2 / monitored.WEEK_DAYS
            yield self._by_jar(week), of_week, False
            levels = self.june.levels.with_columns(temperature_c=pl.lit(25.0))
            for _, rows in levels.group_by("measured_at"):
                yield self._by_jar(rows), of_week + monitored.LEVEL_SD**2, False

    def _by_jar(self, rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Day and mOhm at 25 C (J,) of rows with one reading a jar; NaN where there is none."""
        names = self.june.known["battery_id"].to_list()
        place = {names[j]: k for k, j in enumerate(self.jars)}
        own = rows.filter(pl.col("battery_id").is_in(list(place)))
        day, read = np.full(len(place), np.nan), np.full(len(place), np.nan)
        at = [place[name] for name in own["battery_id"]]
        day[at] = own["measured_at"].dt.epoch("s").to_numpy() / DAY_S
        read[at] = resistance_at_25c(own["resistance_mohm"].to_numpy(), own["temperature_c"].to_numpy())
        return day, read

    def _by_fit(self) -> np.ndarray:
        """ln likelihood of what the string's test showed of each jar."""
        known = self.june.known.select("battery_id", "installed_date")[self.jars]
        fits = known.join(self.june.fits, on="battery_id", how="left", maintain_order="left").with_columns(
            day=pl.col("fitted_at").dt.epoch("s") / DAY_S
        )
        shown, day = fits["soh_pct"].to_numpy(), fits["day"].to_numpy()
        seen = np.isfinite(shown) & (day > self.own.installed)
        off = (np.nan_to_num(shown)[:, None] - 100.0 * self.at(np.nan_to_num(day))[0]) / monitored.FIT_SD_PCT
        return np.where(seen[:, None], -0.5 * off**2, 0.0)

    def _by_float(self) -> np.ndarray:
        """ln likelihood of the float voltage, with the string's usual jar known."""
        site, now = self.site, self.june.now
        below = self.june.signs["below_v"].to_numpy()[self.jars]
        strings = lives(site).position[self.june.rows] // site.jars_per_string
        usual = np.array([np.median(now.float_shift[strings == n]) for n in range(site.strings)])
        seen = below / (monitored.TAFEL_V * site.world.six_cells) + usual[strings[self.jars]]
        years = (self.june.end - self.own.installed) / 365.25
        fresh = FRESH_SHIFT * np.exp(-years / float_charge.SETTLING_YEARS)
        sd = np.hypot(float_charge.spread(years, site.product), monitored.VOLT_SD / monitored.TAFEL_V)
        soh, _ = self.at(np.full(self.jars.size, float(self.june.end)))
        at_end = np.array([one.float_current for one in ageing.MECHANISMS])[self.possible.mechanism]
        risen = np.log(ageing.float_current_ratio(ageing.wear(soh, self.initial), at_end))
        off = ((seen - fresh)[:, None] - risen) / sd[:, None]
        whole = now.cells[self.jars] == site.product.cells
        return np.where(whole[:, None], -0.5 * off**2, 0.0)

    def _by_string_test(self, log_w: np.ndarray) -> np.ndarray:
        """ln likelihood of the string's test, as far as that is known at all: the product's own."""
        june = self.june
        told = evidence(june.known, june.rounds, june.results, june.warmth, NO_FITS, NO_SIGNS, june.at)
        test, jars = told.test, self.jars
        day = june.end - np.nan_to_num(test.years) * 365.25
        chosen = type(test)(*(getattr(test, name)[jars] for name in test.__dataclass_fields__))
        string = np.unique(told.string[jars], return_inverse=True)[1]
        then, _ = self.at(day[jars])
        return by_string_test(then, normalised(log_w), chosen, string, told.complete[jars])
