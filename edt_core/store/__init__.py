"""A project on disk: its database, its results, its lock."""
