"""Items, users, sequences and splits as plain arrays with names (sections 2 and 4.1.1)."""
