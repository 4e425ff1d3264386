"""``edt-app``: the interactive session. Draws and asks; every action is one call into edt_core."""
