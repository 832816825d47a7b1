"""The sequence model learns charge by cell, repeats its bits, and sees nothing of what comes later."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.charge.scores import overall
from battery_assets.learning.charge.sequence import Recipe, carried, counted_of, fit
from battery_assets.learning.charge.series import joined
from battery_assets.learning.charge.stored import load, save
from battery_assets.learning.networks.cells import BadCells

SMALL = Recipe(epochs=12, width=16, window=8, rows_per_epoch=1024, rows_of_validation=500)


@pytest.fixture(scope="module")
def fitted(driven_cells):
    heard = []
    return fit(driven_cells[0], driven_cells[1], SMALL, heard.append), heard


def test_it_learns_the_charge_of_cells_that_it_has_not_seen(driven_cells, fitted):
    test, model = driven_cells[2], fitted[0]
    error = overall(test, model.predict(test))["soc_rmse"]
    assert error < 0.05
    assert error < 0.25 * np.nanstd(test.soc)


def test_the_best_weights_are_kept(driven_cells, fitted):
    model, heard = fitted
    best = min(heard, key=lambda one: one.valid_loss)
    assert (model.best_epoch, model.best_loss) == (best.number, best.valid_loss)
    valid = driven_cells[1]
    off = model.windowed(valid) - valid.soc
    known = np.isfinite(off)
    # Few rows validate: all of them here, or an even share.
    assert np.average(off[known] ** 2, weights=valid.shares[known]) == pytest.approx(best.valid_loss, rel=0.3)


def test_it_repeats_its_bits_also_from_a_file(driven_cells, fitted, tmp_path):
    model, test = fitted[0], driven_cells[2]
    again = fit(driven_cells[0], driven_cells[1], SMALL, lambda _: None)
    assert np.array_equal(again.predict(test), model.predict(test))
    save(model, tmp_path / "weights.safetensors")
    assert np.array_equal(load(tmp_path / "weights.safetensors").predict(test), model.predict(test))


def test_a_file_of_cycles_is_no_network_of_charge(fitted, tmp_path):
    from battery_assets.learning.networks.stored import load as load_cycles

    save(fitted[0], tmp_path / "charge.safetensors")
    with pytest.raises(ValueError, match="holds no network of ours of the kind fitted"):
        load_cycles(tmp_path / "charge.safetensors")


def test_nothing_later_moves_a_prediction(driven_cells, fitted):
    test, model = driven_cells[2], fitted[0]
    early = np.arange(len(test.soc)) < len(test.soc) // 2
    later = replace(
        test,
        voltage_v=np.where(early, test.voltage_v, 3.0),
        rate=np.where(early, test.rate, 1.0),
        moved=np.where(early, test.moved, 0.01),
    )
    assert np.array_equal(model.predict(test)[early], model.predict(later)[early])


def test_what_windows_said_is_carried_on_by_counting(driven_cells):
    """Windows that are right on the mean of a record come out right at each of its rows."""
    test = driven_cells[2]
    noisy = test.soc + 0.1 * np.random.default_rng(5).standard_normal(len(test.soc))
    known = np.isfinite(test.soc)
    filled = np.where(known, noisy, 0.5)
    alone, long = (np.sqrt(np.mean((carried(filled, test, one) - test.soc)[known] ** 2)) for one in (1, 60))
    assert long < 0.5 * alone
    assert counted_of(test)[test.first] == pytest.approx(0.0)


def test_a_report_may_end_it_and_refit_learns_the_validation_cells(driven_cells):
    train, valid, test = driven_cells
    model = fit(train, valid, replace(SMALL, epochs=9), lambda one: one.number == 2)
    assert (model.epochs, model.stopped) == (2, True)
    short = replace(SMALL, epochs=2)
    with_both = fit(train, valid, replace(short, refit=True), lambda _: None)
    assert not np.array_equal(with_both.predict(test), fit(train, valid, short, lambda _: None).predict(test))


def test_what_cannot_be_learned_is_refused(driven_cells):
    train, valid, _ = driven_cells
    with pytest.raises(BadCells, match="is in the training and in the validation cells"):
        fit(train, joined(valid, train.only(0)), SMALL, lambda _: None)
    with pytest.raises(BadCells, match="1 training cell: at least 2"):
        fit(train.only(0), valid, SMALL, lambda _: None)
    with pytest.raises(BadCells, match="0 validation rows of known charge"):
        fit(train, replace(valid, soc=np.full(len(valid.soc), np.nan)), SMALL, lambda _: None)
    for terms, words in (({"window": 0}, "window: 0"), ({"step_s": -1.0}, "step_s"), ({"magic": 1}, "'magic'"),
                         ({"device": "tpu"}, "device: 'tpu'")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Recipe.of("bilstm", terms)
    with pytest.raises(ValueError, match="algorithm: 'deephpm'"):
        Recipe.of("deephpm", {"target": "soc"})
