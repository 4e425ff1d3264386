"""Every test: fixed seeds, one torch thread unless it says otherwise."""

import os

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

# a busy machine is no failure; the time limit of a whole test stays
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# what stands in tests/support asserts too, and its failures should say what differs
for module in ("pilot", "shell", "kills"):
    pytest.register_assert_rewrite(module)
