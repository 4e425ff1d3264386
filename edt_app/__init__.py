"""The command line and the terminal app over edt_core. They draw; they decide nothing."""
