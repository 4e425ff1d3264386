"""Baselines that only count (4.1.2)."""
