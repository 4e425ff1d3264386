"""Section 4: which runs make each of the paper's tables and figures, and how they read."""
