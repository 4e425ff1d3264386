"""The look at whole blocks finds what a look at one line after another would."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edt_core.data import amazon
from edt_core.data import source as source_module
from edt_core.data.source import Source

TIME = 1472688000


def review(**changed):
    return json.dumps({"reviewerID": "u", "asin": "i", "unixReviewTime": TIME} | changed).encode()


def raw(user=b'"u"', item=b'"i"', time=b"1472688000", more=b""):
    fields = b'"reviewerID":%b,"asin":%b,"unixReviewTime":%b' % (user, item, time)
    return b"{" + fields + more + b"}"


KEPT = [
    (review(), ("u", "i", TIME)),
    (review(reviewerID="0001", asin="1"), ("0001", "1", TIME)),
    (review(reviewText="x" * 700), ("u", "i", TIME)),
    (review(reviewText='"quoted" \n\t\\', style={"Size:": [1, None]}), ("u", "i", TIME)),
    (review(asin="é" * 256), ("u", "é" * 256, TIME)),
    (raw(item='"é"'.encode()), ("u", "é", TIME)),
    (raw(item=b'"A","asin":"B"'), ("u", "B", TIME)),
    (b" \t" + raw() + b"  \r", ("u", "i", TIME)),
    (raw(time=b"7.9"), ("u", "i", 7)),
    (raw(time=b'"7"'), ("u", "i", 7)),
    (raw(time=b"1e3"), ("u", "i", 1000)),
    (raw(time=b"-0"), ("u", "i", 0)),
]
BROKEN = [
    (raw(user=b"1"), "Expected `str`, got `int` - at `$.reviewerID`"),
    (raw(user=b"null"), "Expected `str`, got `null` - at `$.reviewerID`"),
    (raw(time=b"true"), "Expected `int | float | str`, got `bool` - at `$.unixReviewTime`"),
    (b'{"reviewerID": "u"}', "Object missing required field `asin`"),
    (b"[]", "Expected `object`, got `array`"),
    (raw(user=b'""'), "user id is missing"),
    (raw(item=b'""'), "item id is missing"),
    (review(asin="x" * 257), "item id is longer than 256 characters"),
    (review(reviewerID="a\x1b[2J"), "user id holds control characters"),
    (review(reviewerID="a\x7f"), "user id holds control characters"),
    (review(asin="a\u202eb"), "item id holds control characters"),
    (raw(user=b'"a\x7f"', item=b'""'), "user id holds control characters"),
    (raw(time=b"-1"), "the time stamp -1 is negative"),
    (raw(time=b'"nan"'), "the time stamp nan is out of range"),
    (raw(time=b"1e30"), "the time stamp 1e+30 is out of range"),
    (raw(time=b"18446744073709551616"), "the time stamp 1.84467e+19 is out of range"),
    (raw(time=b'"1\\u00b2"'), "the time stamp '1\\xb2' is no number or ISO date"),
    (raw(time=b"NaN"), "broken JSON"),
    (raw(user=b'"\\ud800"'), "broken JSON"),
    (raw(user=b'"a\tb"'), "broken JSON"),
    (raw(more=b","), "broken JSON"),
    (raw()[:-9], "broken JSON"),
    (b"\0", "broken JSON"),
    (raw(user=b'"\xff"'), "not UTF-8 text"),
    (raw(more=b',"reviewText":"caf\xe9"'), "not UTF-8 text"),
    (raw(more=b',"style":' + b"[" * 5000), "nested too deeply"),
]
BLANK = [(b"", None), (b" \t", None), (b"\r", None)]


@pytest.mark.parametrize("end", [b"", b"\n"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=st.lists(st.sampled_from(KEPT + KEPT + BROKEN + BLANK), max_size=25),
    block=st.sampled_from([64, 300, 2000, 1 << 18]),
    ahead=st.sampled_from([1, 3, 50]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    packed=st.booleans(),
)
def test_every_line_is_a_row_or_named_whatever_stands_beside_it(
    tmp_path, end, found, block, ahead, mark, packed
):
    found = [KEPT[0], *found]
    content = mark + b"\n".join(line for line, _ in found) + end
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    source = Source(path, allowed=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK", block)
        patch.setattr(source_module, "_AHEAD", block * ahead)
        patch.setattr(source_module, "EXAMPLES", 100)
        blocks = list(amazon.read_interactions(source))
    rows = [row for b in blocks for row in zip(b.users, b.items, b.times.tolist(), strict=True)]
    assert rows == [told for _, told in found if isinstance(told, tuple)]
    broken = {at: told for at, (_, told) in enumerate(found, 1) if isinstance(told, str)}
    assert {bad.line: bad.reason for bad in source.examples} == broken
    assert source.bad == len(broken)
    assert source.lines == len(rows) + len(broken)


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        ([raw(), raw().replace(b",", b",\n"), raw()], [2, 3, 4]),
        ([raw(), raw() + b" " + raw(user=b'""'), raw()], [2]),
    ],
    ids=["one on three lines", "two on one line"],
)
def test_a_line_is_one_record(tmp_path, lines, broken):
    (tmp_path / "x").write_bytes(b"\n".join(lines))
    source = Source(tmp_path / "x", allowed=1.0)
    assert sum(len(block) for block in amazon.read_interactions(source)) == 2
    assert [bad.line for bad in source.examples] == broken
