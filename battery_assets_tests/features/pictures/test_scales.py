"""Scales drawn as few artists say what matplotlib's own would."""

import pytest

from battery_assets.features.pictures.parts import figure, panels
from battery_assets.features.pictures.scales import draw_scales, place_ticks, share_limits


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def own_words(axes) -> list[str]:
    """What matplotlib itself would write at the ticks within the limits."""
    axes.figure.canvas.draw()
    said = []
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        at, labels = axis.get_ticklocs(), [label.get_text() for label in axis.get_ticklabels()]
        inside = (at >= min(low, high)) & (at <= max(low, high))
        said += [label for label, kept in zip(labels, inside, strict=True) if kept]
    return said


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("limits", [(1.0, 480.0), (480.0, 1.0)])
def test_the_ticks_are_those_of_matplotlib_on_every_scale_and_upside_down(scale, limits):
    drawn = [figure(6, 4, "") for _ in range(2)]
    for _, axes in drawn:
        axes.plot([0.3, 0.9], [2.0, 400.0])
        axes.set_yscale(scale)
        axes.set_ylim(limits)
    draw_scales(drawn[0][1])
    assert words(drawn[0][1]) == own_words(drawn[1][1])


def test_the_labels_that_were_set_are_written_and_nothing_is_clipped():
    drawn, axes = figure(6, 4, "title", names=["a very long name of a string indeed", "b"])
    axes.plot([0.0, 1.0], [0.0, 1.0])
    place_ticks(axes.yaxis, [0.0, 1.0], ["a very long name of a string indeed", "b"])
    axes.set(xlabel="along", ylabel="up")
    draw_scales(axes)
    drawn.canvas.draw()
    assert {"along", "up", "b"} < set(words(axes))
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0.0, text
        assert box.y0 >= 0.0, text
        assert box.x1 <= drawn.bbox.width, text


def test_shared_limits_hold_what_each_shows():
    _, axes = panels(6, 4, 2, 1, "")
    axes[0, 0].set_xlim(0, 5)
    axes[1, 0].set_xlim(3, 9)
    share_limits(axes[:, 0], "x")
    assert [one.get_xlim() for one in axes[:, 0]] == [(0, 9), (0, 9)]
