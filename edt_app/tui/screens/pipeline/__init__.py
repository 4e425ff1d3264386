"""Screen 3: the stages in order, what each holds, takes and waits for; start and stop."""
