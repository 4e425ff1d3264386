"""Tensors in, tensors out: encoders, adapters, losses and scores (3.3, 3.4.3)."""
