"""Widgets without knowledge of projects: they are handed arrays and callables."""
