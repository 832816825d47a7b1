"""What a process that answers has loaded is looked through once, and by no later collection of garbage.

Modules, networks and routes are some 700,000 objects that stay. Each full collection looks at all of them,
and nobody is answered meanwhile: 700 ms of CPU on a busy machine, twice within 1,500 predictions.
"""

import gc

# A full collection comes with the growth of what is young; few requests under way are no growth.
_YOUNG, _MIDDLE, _OLD = 10_000, 20, 20


def settle() -> None:
    """Let what is there now stay out of later collections: after a start, after something was loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
