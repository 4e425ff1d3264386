"""The Textual application over edt_core: it draws, and asks the core for everything else."""
