"""85, 12 and 3 of a hundred are the shares of new jars; in service the fast ones are fewer, as they leave."""

import numpy as np

from battery_assets.synthetic.calendar import start_day
from battery_assets.synthetic.lives import in_service, lives
from battery_assets.synthetic.site import SyntheticSite


def test_of_jars_in_service_nineteen_in_twenty_are_healthy_though_fewer_are_born_so():
    born, serving = np.zeros(3), np.zeros(3)
    for seed in range(8):
        site = SyntheticSite.from_config("alpha", {"place": "phuket", "seed": seed, "strings": 36})
        jars = lives(site)
        born += np.bincount(jars.profile[jars.generation > 0], minlength=3)
        for years in (1, 5, 9, 13):
            rows = in_service(site, start_day(site) + 365 * years, after_switch=True)
            serving += np.bincount(jars.profile[rows], minlength=3)
    born, serving = 100 * born / born.sum(), 100 * serving / serving.sum()
    assert np.abs(born - [85, 12, 3]).max() < 2
    assert 92 < serving[0] < 97
    assert 3 < serving[1] < 8
    assert serving[2] < 1.0
