from edt_app.tui.widgets.canvas import changed


def test_the_same_line_needs_no_painting() -> None:
    assert changed([("ab", 0)], [("ab", 0)]) is None


def test_the_columns_that_differ() -> None:
    assert changed([("abcdef", 0)], [("abXdef", 0)]) == (2, 3)
    assert changed([("abcdef", 0)], [("ab", 0), ("cd", 1), ("ef", 0)]) == (2, 4)
    assert changed([("abc", 0)], [("abcde", 0)]) == (3, 5)
    assert changed([("abcde", 0)], [("abc", 0)]) == (3, 5)


def test_wide_letters_count_twice() -> None:
    assert changed([("日a本", 0)], [("日b本", 0)]) == (2, 3)


def test_nothing_becomes_something() -> None:
    assert changed([], [("ab", 0)]) == (0, 2)
