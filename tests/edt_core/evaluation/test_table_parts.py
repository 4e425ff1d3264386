from edt_core.evaluation.table import Cell, Table, in_parts, to_text


def wide() -> Table:
    columns = ("model", *(f"column {number}" for number in range(8)))
    row = (Cell("a model's name"), *(Cell(0.5, 0.25) for _ in range(8)))
    return Table("Title", columns, (row, row), ("A note.",))


def test_every_part_fits_and_no_column_is_lost():
    parts = in_parts(wide(), 60)
    assert len(parts) > 1
    assert [name for part in parts for name in part.columns[1:]] == list(wide().columns[1:])
    assert all(part.columns[0] == "model" for part in parts)
    assert max(len(line) for part in parts for line in to_text(part).splitlines()) <= 60


def test_the_title_stands_first_and_the_notes_last():
    parts = in_parts(wide(), 60)
    assert [bool(part.title) for part in parts] == [True] + [False] * (len(parts) - 1)
    assert [bool(part.notes) for part in parts] == [False] * (len(parts) - 1) + [True]


def test_a_table_that_fits_stays_whole():
    assert [part.columns for part in in_parts(wide(), 500)] == [wide().columns]


def test_a_column_wider_than_the_terminal_stands_alone():
    assert all(len(part.columns) == 2 for part in in_parts(wide(), 5))
