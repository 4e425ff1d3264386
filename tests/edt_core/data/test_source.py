"""Files are read in blocks whatever they are packed in, and refused in one sentence."""

import gzip

import pytest

from edt_core.data import source as source_module
from edt_core.data.source import Source
from edt_core.errors import InputError, RunCancelled


def read(path):
    return b"".join(block.content for block in Source(path).blocks())


def test_plain_and_packed_files_read_the_same_whatever_their_names(tmp_path):
    text = b"one\ntwo\r\n\nthree"
    (tmp_path / "plain.gz").write_bytes(text)
    (tmp_path / "packed.txt").write_bytes(gzip.compress(text))
    assert read(tmp_path / "plain.gz") == read(tmp_path / "packed.txt") == text


def test_packed_parts_one_after_another_read_as_one(tmp_path):
    parts = [b"one\ntw", b"", b"o\n", b"x" * 3_000_000 + b"\n", b"three"]
    zeros = b"\0" * 2_000_000
    (tmp_path / "x").write_bytes(b"".join(gzip.compress(part) + zeros for part in parts))
    assert read(tmp_path / "x") == b"".join(parts)


def test_blocks_hold_whole_lines_and_know_their_first_number(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "BLOCK", 7)
    path = tmp_path / "x"
    path.write_bytes(b"".join(b"line %d\n" % n for n in range(1, 30)) + b"last")
    for first, lines, content in Source(path).blocks():
        assert content.startswith(b"line %d" % first) or content == b"last"
        assert content.endswith(b"\n") or content == b"last"
        assert len(content.splitlines()) == lines


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    for end in (b"", b"\n", b"\nmore\n"):
        (tmp_path / "x").write_bytes(b"\xef\xbb\xbfuser_id" + end)
        assert Source(tmp_path / "x").first_line() == "user_id"


def test_a_line_of_another_encoding_is_rejected_by_number(tmp_path):
    (tmp_path / "x").write_bytes("good\ncafé\ngood\n".encode("latin-1"))
    source = Source(tmp_path / "x")
    assert [line.strip() for line in source.text_lines()] == ["good", "", "good"]
    assert [(bad.line, bad.reason) for bad in source.examples] == [(2, "not UTF-8 text")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a zip archive"),
        ("user".encode("utf-16"), "UTF-16 text"),
        (b"\x28\xb5\x2f\xfd0000", "packed with zstd"),
        (gzip.compress(b"text" * 10_000)[:60], "in the middle of its gzip stream"),
        (gzip.compress(b"text" * 10)[:-8] + b"\0" * 8, "can't be read"),
        (gzip.compress(b"text" * 10) + b"tail of another kind", "can't be read"),
        (b"\x1f\x8b\x08\x08" + b"n" * (2 << 20), "can't be read"),
        (b"", "is empty"),
    ],
    ids=["zip", "utf-16", "zstd", "cut", "damaged", "tail", "endless name", "empty"],
)
def test_what_is_no_text_is_named(tmp_path, content, what):
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(InputError, match=what):
        read(tmp_path / "x.gz")


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        Source(tmp_path)
    for missing in (tmp_path / "nowhere", tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(InputError, match="There is no file"):
            Source(missing)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "x.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.writelines(b" " * (1 << 20) for _ in range(40))
    with pytest.raises(InputError, match=r"x\.gz:1: the line is longer than 16 MB"):
        read(path)


def test_gzip_that_grows_without_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "BOMB_BYTES", 8 << 20)
    path = tmp_path / "x.gz"
    with gzip.open(path, "wb") as file:
        file.writelines(b"a,b,1\n" * 170_000 for _ in range(20))
    with pytest.raises(InputError, match="-fold while unpacking"):
        read(path)


def test_progress_ends_at_the_size_and_may_stop_the_reading(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"line\n" * 1_000_000))
    told = []
    list(Source(path, progress=lambda *step: told.append(step)).blocks())
    assert told[-1] == (path, path.stat().st_size, path.stat().st_size)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)

    def stop(*_):
        raise RunCancelled("stopped")

    with pytest.raises(RunCancelled):
        list(Source(path, progress=stop).blocks())


def test_broken_lines_up_to_the_share_pass_and_one_more_does_not(tmp_path):
    (tmp_path / "x").write_text("x")
    source = Source(tmp_path / "x", allowed=0.01, lines=200)
    source.reject(7, "no JSON")
    source.reject(9, "no JSON")
    source.settle()
    source.reject(11, "no JSON")
    with pytest.raises(InputError, match=r"3 of the 200 lines .* the first is line 7: no JSON"):
        source.settle()


def test_only_the_first_broken_lines_are_kept(tmp_path):
    (tmp_path / "x").write_text("x")
    source = Source(tmp_path / "x")
    for line in range(100):
        source.reject(line, "bad")
    assert source.bad == 100
    assert len(source.examples) == 20
    assert str(source.examples[3]) == f"{tmp_path / 'x'}:3: bad"
