"""Section 4.1.4: candidates, ranks, metrics, groups, significance, leaks, tables."""
