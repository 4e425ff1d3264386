"""Screen 7: a run's training as it goes on, or as it went."""
