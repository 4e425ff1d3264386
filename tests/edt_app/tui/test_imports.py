import subprocess
import sys


def test_the_first_paint_loads_no_database_and_no_model_library():
    code = (
        "import sys; from edt_app.tui.app import EdtApp; from edt_core.store.home import Home;"
        "from edt_app.tui.screens.projects import ProjectsScreen; Home('/nowhere').projects();"
        "print([m for m in ('torch', 'sklearn', 'sqlmodel', 'sqlalchemy', 'openai', 'duckdb',"
        " 'numpy', 'pydantic', 'scipy') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
