"""Screen 8: every run, compared, plotted, traced back to its prompts."""
