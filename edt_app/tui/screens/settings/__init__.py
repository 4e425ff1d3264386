"""Screen 0: every setting, what it may be, and what changing it would take."""
