"""A palette keeps what is rare, paper stays white, codes lose what they share."""

import io

import numpy as np
from PIL import Image

from battery_assets.features.pictures.parts import GREEN, blank, figure, png, short_codes
from battery_assets.features.pictures.scales import draw_scales


def test_a_thin_line_keeps_its_colour_among_many():
    """The legend of a picture names colours: a palette of the most frequent ones once made green blue."""
    drawn = blank(8, 4)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(np.arange(4000.0).reshape(50, 80), cmap="PuBu", aspect="auto")
    axes.axvline(40.0, color=GREEN, linewidth=1.0)
    image = np.asarray(Image.open(io.BytesIO(png(drawn))).convert("RGB")).astype(int)
    wanted = np.array([int(GREEN[k : k + 2], 16) for k in (1, 3, 5)])
    assert (np.abs(image - wanted).max(axis=2) < 12).sum() > 200


def test_paper_stays_white_and_ink_black():
    drawn, axes = figure(6, 4, "black on white")
    draw_scales(axes)
    image = Image.open(io.BytesIO(png(drawn))).convert("L")
    assert image.getextrema() == (0, 255)
    assert image.getpixel((0, 0)) == 255


def test_codes_lose_what_all_of_them_share():
    assert short_codes(["DC-A-UPS-01-S1", "DC-A-REC-01-S1"]) == ["UPS-01-S1", "REC-01-S1"]
    assert short_codes(["DC-A-UPS-01-S1", "DC-A-UPS-01-S2"]) == ["S1", "S2"]
    assert short_codes(["DC-A-UPS-01-S1"]) == ["DC-A-UPS-01-S1"]
    assert short_codes([]) == []
