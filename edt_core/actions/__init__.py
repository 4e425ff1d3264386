"""Everything a user can do, one call each: the command line and the app call these and nothing else."""
