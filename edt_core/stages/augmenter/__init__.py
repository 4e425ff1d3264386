"""Section 3.2: the transferable item augmenter."""
