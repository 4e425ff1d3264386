"""Batches, negatives and the one loop that every model is trained by (3.5.1)."""
