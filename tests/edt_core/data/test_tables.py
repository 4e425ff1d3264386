"""CSV, TSV, Parquet and JSON lines, told from their content, columns by their usual names."""

import duckdb
import pytest

from edt_core.data import delimited, recbole, tables
from edt_core.data.item_records import item_id, item_text
from edt_core.data.source import Source
from edt_core.errors import InputError


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source(path)


def rows(source, read=tables.read_interactions, **options):
    found = list(read(source, **options))
    users = [user for block in found for user in block.users]
    items = [item for block in found for item in block.items]
    times = [time for block in found for time in block.times.tolist()]
    return list(zip(users, items, times, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "user_id,item_id,timestamp\n0001,i,7\n",
        "\ufefftimestamp\tuid\tiid\textra\n7\t0001\ti\tx\n",
        "rating;asin;reviewerID;unixReviewTime\r\n5;i;0001;7\r\n",
        '"Time","Item","User"\n"7","i","0001"',
        "user,parent_asin,asin,ts\n0001,i,variant,7\n",
    ],
)
def test_columns_are_found_by_name_and_ids_stay_text(tmp_path, text):
    assert rows(written(tmp_path / "x", text)) == [("0001", "i", 7)]


def test_missing_columns_are_named_with_what_was_found(tmp_path):
    source = written(tmp_path / "x.csv", "user_id,thing,when\nu,i,1\n")
    with pytest.raises(
        InputError, match="no item and no time stamp column; its columns are user_id, thing, when"
    ) as caught:
        rows(source)
    assert "item_id" in caught.value.hint


def test_rows_of_another_width_are_broken_lines_and_blank_ones_are_none(tmp_path):
    source = written(
        tmp_path / "x", "user_id,item_id,timestamp\nu,i,1\n\nu,i\nu,i,2,3\n\nu,j,never\nu,k,2\n"
    )
    assert rows(source) == [("u", "i", 1), ("u", "k", 2)]
    assert {bad.line: bad.reason for bad in source.examples} == {
        4: "2 columns where 3 are expected",
        5: "4 columns where 3 are expected",
        7: "the time stamp 'never' is no number or ISO date",
    }
    assert source.lines == 5


def test_line_numbers_hold_behind_a_field_with_line_ends(tmp_path):
    source = written(
        tmp_path / "x", 'user_id,item_id,timestamp,text\nu,i,1,"a\nb\nc"\nu,i,2,x\nu,i,-1,x\n'
    )
    assert rows(source) == [("u", "i", 1), ("u", "i", 2)]
    assert [bad.line for bad in source.examples] == [6]


@pytest.mark.parametrize("lines", [20, 60_000])
@pytest.mark.parametrize("opened", ['"u,i,1', 'u,"open,1', 'u,i,1,"good'])
def test_the_lines_behind_an_open_quotation_mark_are_broken_lines(tmp_path, lines, opened):
    names = "user_id,item_id,timestamp" + ",text" * opened.endswith("good")
    row = "u,i,1" + "," * opened.endswith("good") + "\n"
    body = row * 3 + opened + "\n" + row * lines
    source = written(tmp_path / "x", names + "\n" + body)
    source.allowed = 1.0
    found = rows(source)
    assert source.bad == lines + 4 - len(found)
    assert source.lines == lines + 4
    assert source.examples[0].line == 5
    assert "a quotation mark is never closed" in source.examples[0].reason
    assert (len(found) == 3) == (lines == 20)  # after 128 KB the reader finds its place again


def test_a_quotation_mark_closed_far_below_breaks_all_lines_between(tmp_path):
    body = 'u,"open,1\n' + "u,i,1\n" * 8 + 'u,close",1\n' + "u,i,2\n"
    source = written(tmp_path / "x", "user_id,item_id,timestamp\n" + body)
    assert rows(source) == [("u", "i", 2)]
    assert (source.lines, source.bad) == (11, 10)
    assert source.examples[0].line == 2
    with pytest.raises(InputError, match="10 of the 11 lines"):
        source.settle()


@pytest.mark.parametrize(
    ("first", "hint"),
    [
        ("A1,B2,5.0,1400000000", "first line seems to be data"),
        ("user_id:token\titem_id:token\ttimestamp:float", "--format recbole"),
    ],
)
def test_a_file_without_usual_names_is_met_with_what_it_seems_to_be(tmp_path, first, hint):
    with pytest.raises(InputError, match="no user and no item") as caught:
        rows(written(tmp_path / "x", first + "\nA1,B2,4.0,1400000001\n"))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"item_id": "i", "title": "Tea"}]\n', "one JSON list"),
        ("user_id,item_id,timestamp\ru,i,1\ru,i,2\r", "carriage returns alone"),
    ],
)
def test_what_is_no_table_is_told_for_what_it_is(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        rows(written(tmp_path / "x", content))


def test_rows_beyond_one_block_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "ROWS", 3)
    lines = [f"u{n},i,{n}" for n in range(20)]
    lines[13] = "u,i,never"
    source = written(tmp_path / "x", "user_id,item_id,timestamp\n" + "\n".join(lines))
    assert len(rows(source)) == 19
    assert [bad.line for bad in source.examples] == [15]


def test_json_lines_of_reviews_point_to_the_amazon_format(tmp_path):
    with pytest.raises(InputError, match="JSON lines") as caught:
        rows(written(tmp_path / "x.csv", '{"user_id": "u"}\n'))
    assert "--format amazon" in caught.value.hint


def parquet(path, query):
    with duckdb.connect(":memory:") as database:
        database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return Source(path)


def test_parquet_with_dates_numbers_and_odd_names(tmp_path):
    source = parquet(
        tmp_path / "a[1]*.csv",
        "SELECT '0001' AS User_Id, 17 AS item, TIMESTAMP '2018-01-31 00:00:01' AS datetime",
    )
    assert rows(source) == [("0001", "17", 1517356801)]
    assert source.lines == 1


def test_parquet_rows_are_checked_like_any(tmp_path):
    source = parquet(
        tmp_path / "x",
        "SELECT * FROM (VALUES ('u', 'i', 5), (NULL, 'i', 5), ('u', 'i', -5), ('u', NULL, 5)) "
        "AS t(user_id, item_id, timestamp)",
    )
    assert rows(source) == [("u", "i", 5)]
    assert [bad.line for bad in source.examples] == [2, 3, 4]


def test_parquet_reviews_tell_copies(tmp_path):
    source = parquet(
        tmp_path / "x",
        "SELECT * FROM (VALUES ('good', 'u', 'i', 5), ('good', 'u', 'j', 5), (NULL, 'u', 'k', 5)) "
        "AS t(review_text, user_id, item_id, timestamp)",
    )
    (block,) = tables.read_interactions(source, reviewed=True)
    assert block.reviews[0] == block.reviews[1] != 0
    assert block.reviews[2] == 0


def test_a_cut_parquet_file_is_refused(tmp_path):
    whole = parquet(tmp_path / "x", "SELECT 'u' AS user_id, 'i' AS item_id, 5 AS timestamp")
    cut = written(tmp_path / "cut", whole.path.read_bytes()[:-20])
    with pytest.raises(InputError, match="can't be read as Parquet"):
        rows(cut)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_items_of_every_kind_read_the_same(tmp_path, kind):
    path = tmp_path / "x"
    match kind:
        case "csv":
            source = written(path, 'item_id,name,genre\n0001,"Salt &amp; Tea","Food|Tea"\n')
        case "jsonl":
            line = '{"item_id": "0001", "title": "Salt & Tea", "categories": ["Food", "Tea"]}\n'
            source = written(path, line)
        case _:
            query = "SELECT '0001' AS asin, 'Salt & Tea' AS title, ['Food', 'Tea'] AS categories"
            source = parquet(path, query)
    ((_, record),) = tables.read_items(source)
    text = item_text(record)
    assert (item_id(record), text.title, text.categories) == (
        "0001",
        "Salt & Tea",
        ("Food", "Tea"),
    )


def test_items_without_an_item_column_are_refused(tmp_path):
    with pytest.raises(InputError, match="no item column"):
        list(tables.read_items(written(tmp_path / "x", "name,genre\na,b\n")))


def test_atomic_interactions(tmp_path):
    source = written(
        tmp_path / "x.inter",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        '0001\tsaid "so\t4.0\t881250949.0\n2\ti\t3\t8.8125095E8\n',
    )
    assert rows(source, recbole.read_interactions) == [
        ("0001", 'said "so', 881250949),
        ("2", "i", 881250950),
    ]


def test_atomic_items_keep_titles_and_split_categories(tmp_path):
    source = written(
        tmp_path / "x.item",
        "item_id:token\ttitle:token_seq\tcategories:token_seq\tprice:float\tgenre:token_seq\n"
        "0001\tSalt and Tea\t'Food', 'Tea & Co'\t1.5\tx y\n",
    )
    ((_, record),) = recbole.read_items(source)
    text = item_text(record)
    assert (text.title, text.price) == ("Salt and Tea", "1.5")
    assert text.categories == ("Food", "Tea & Co")


def test_a_plain_table_is_no_atomic_file(tmp_path):
    with pytest.raises(InputError, match="no RecBole atomic file"):
        list(recbole.read_interactions(written(tmp_path / "x.inter", "user_id\titem_id\nu\ti\n")))
