"""Every test: fixed seeds, one torch thread unless it says otherwise, no clock on an example."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

# a busy machine is no failure; the time limit of a whole test stays
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
