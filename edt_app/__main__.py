"""``python -m edt_app`` is ``edt``."""

from edt_app.cli import main

raise SystemExit(main())
