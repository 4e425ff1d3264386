"""Screen 9: one user, from raw events to the rank of what was held out."""
