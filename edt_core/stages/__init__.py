"""The stages: each paper section's steps, filled in."""
