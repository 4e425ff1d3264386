"""Everything a user can do, one call each: what command line and app call, and nothing else."""
