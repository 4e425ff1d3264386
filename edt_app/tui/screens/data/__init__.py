"""Screen 2: the data set, and the import with its preview."""
