"""Section 3.4: domain-aware profiling."""
