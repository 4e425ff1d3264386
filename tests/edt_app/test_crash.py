from edt_app.crash import write_report


def test_a_report_tells_the_place_and_no_data(tmp_path):
    secret = "an item's text with a key"
    try:
        raise ValueError(secret)
    except ValueError as error:
        path = write_report(error, tmp_path / "reports", "review: accept")
    text = path.read_text()
    assert "ValueError" in text
    assert "review: accept" in text
    assert "test_crash.py" in text
    assert secret not in text
