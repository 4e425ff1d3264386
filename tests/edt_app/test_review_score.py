"""``edt review score``: what a run would say of an edited text, at once; a moved anchor."""

import json

import pytest


def items_of(shell):
    done = shell("items", "--project", "small", "--json", "--limit", 100000)
    return json.loads(done.out)


def scored(shell, number):
    done = shell("review", "score", number, "--project", "small", "--json")
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_an_item_as_written_gets_the_very_scores_of_the_run(made):
    items = items_of(made)
    for item in (items[0], items[len(items) // 2], items[-1]):
        found = scored(made, item["id"])
        assert found["source_rank"] == item["source_rank"]
        assert found["kept"] == (item["verdict"] == "kept")
        assert item["rescored"] is None
        for name in ("source_score", "target_score"):
            assert found[name] == (item[name] and pytest.approx(item[name], abs=1e-5))


def test_an_edited_text_is_scored_as_the_next_run_scores_it(copied):
    items = items_of(copied)
    item = items[3]
    number = item["id"]
    words = ("--field", f"title={items[0]['title']}", "--field", "description=")
    assert copied("review", "edit", number, "--project", "small", *words).status == 0
    found = scored(copied, number)
    assert found["source_score"] != pytest.approx(item["source_score"], abs=1e-3)
    assert [line["rescored"] for line in items_of(copied) if line["rescored"]] == [found]
    done = copied("run", "--project", "small", "--until", "filter")
    assert done.status == 0, done.err
    after = next(line for line in items_of(copied) if line["id"] == number)
    assert after["rescored"] is None
    assert found["source_score"] == pytest.approx(after["source_score"], abs=1e-5)
    assert found["source_rank"] == after["source_rank"]
    assert found["kept"] == (after["verdict"] == "kept")


def test_a_score_is_kept_beside_the_old_one_and_travels_with_the_project(copied, tmp_path):
    number = items_of(copied)[3]["id"]
    words = ("--field", "title=Stainless Steel Water Bottle", "--field", "description=")
    assert "review score" in copied("review", "edit", number, "--project", "small", *words).out
    found = scored(copied, number)
    shown = copied("items", "--project", "small", "--verdict", "edited").out
    assert f" → {found['source_score']:.3f} " in shown
    told = copied(
        "user", "--project", "small", "--run", 1, "--user", items_of(copied)[3]["user_id"]
    )
    assert told.status == 0, told.err
    assert f" → {found['target_score']:.3f} " in told.out
    assert copied("copy", "small", "second").status == 0
    assert copied("backup", "--project", "second", tmp_path / "b.zip").status == 0
    assert copied("restore", tmp_path / "b.zip", "--as", "third").status == 0
    assert copied("export", "--project", "third", "--out", tmp_path / "out").status == 0
    lines = map(json.loads, (tmp_path / "out" / "generated.jsonl").read_text().splitlines())
    assert {line["id"]: line["rescored"] for line in lines if "rescored" in line} == {number: found}


def test_the_text_before_an_edit_that_a_run_scored_is_scored_again(copied):
    before = items_of(copied)[3]
    number = before["id"]
    words = ("--field", "title=Stainless Steel Water Bottle", "--field", "description=")
    assert copied("review", "edit", number, "--project", "small", *words).status == 0
    assert copied("run", "--project", "small", "--until", "filter").status == 0
    assert copied("review", "undo", "--project", "small").status == 0
    found = scored(copied, number)
    assert found["source_score"] == pytest.approx(before["source_score"], abs=1e-5)
    (line,) = (line for line in items_of(copied) if line["rescored"])
    assert (line["id"], line["rescored"]) == (number, found)


def test_a_project_with_prompts_of_its_own_scores_by_them(copied):
    assert copied("prompts", "copy", "item", "--project", "small").status == 0
    file = next((copied.home / "small" / "prompts").glob("item*"))
    file.write_text(f"$brand makes this. {file.read_text()}")
    assert copied("run", "--project", "small", "--until", "filter").status == 0
    item = items_of(copied)[3]
    found = scored(copied, item["id"])
    assert found["source_score"] == pytest.approx(item["source_score"], abs=1e-5)


def test_moving_an_anchor_computes_nothing_before_the_insertion(copied):
    number = next(line["id"] for line in items_of(copied) if line["verdict"] == "kept")
    done = copied("review", "edit", number, "--project", "small", "--field", "anchor=0")
    assert (done.status, "inserts it there" in done.out) == (0, True)
    stages = json.loads(copied("status", "--project", "small", "--json").out)["stages"]
    states = {stage["step"]: stage["state"] for stage in stages}
    assert states["filter"] == "fresh"
    assert states["insert"] != "fresh"
    done = copied("run", "--project", "small", "--until", "insert")
    assert done.status == 0, done.err
    moved = next(line for line in items_of(copied) if line["id"] == number)
    assert (moved["anchor_position"], moved["inserted"]) == (0, True)
    assert "1 item" in copied("review", "undo", "--project", "small").out
    assert "1 item" in copied("review", "redo", "--project", "small").out


def test_a_position_outside_the_training_part_is_refused(made):
    number = items_of(made)[3]["id"]
    done = made("review", "edit", number, "--project", "small", "--field", "anchor=100000")
    assert done.status == 2
    assert "training part" in done.err
