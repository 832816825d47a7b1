"""Cells that fade by a known law, as rows of cycle_data with their cells."""

import numpy as np
import polars as pl


def fading(cells: int = 12, seed: int = 0, unfinished: tuple[int, ...] = (), first: int = 0) -> pl.DataFrame:
    """Cells whose health falls with a power of the cycle; feature_1 shows how fast, feature_2 how far.

    Life ends at 80 %. Of the `unfinished` only the first half was seen.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for place in range(first, first + cells):
        life = int(rng.uniform(80, 200))
        cycle = np.arange(1, life + 1)
        health = 1.0 - 0.2 * (cycle / life) ** 2
        frame = pl.DataFrame(
            {
                "cell_id": f"cell-{place:03d}",
                "cycle_num": cycle,
                "feature_1": 100.0 / life + rng.normal(0, 0.01, life),
                "feature_2": health + rng.normal(0, 0.002, life),
                "pcl": 1.0 - health,
                "rul": life - cycle,
            }
        )
        if place in unfinished:
            frame = frame.head(life // 2).with_columns(rul=pl.lit(None, pl.Int64))
        frames.append(frame)
    return pl.concat(frames)
