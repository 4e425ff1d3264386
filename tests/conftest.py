"""Every test: fixed seeds, one torch thread unless it says otherwise."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

# what stands in tests/support asserts too, and its failures should say what differs
for module in ("pilot", "shell", "kills"):
    pytest.register_assert_rewrite(module)
