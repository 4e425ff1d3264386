"""Every test: fixed seeds, one torch thread unless it says otherwise."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
