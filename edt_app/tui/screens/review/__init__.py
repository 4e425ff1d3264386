"""Screen 5: generated items, decided on by keyboard."""
