"""``edt tune`` on a finished project: its numbers are those that the run itself made."""

import json


def asked(shell, *words):
    done = shell("tune", "--project", "small", "--json", *words)
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_the_applied_setting_gives_what_the_run_inserted(made):
    found = asked(made)
    done = made("items", "--project", "small", "--verdict", "kept", "--json", "--limit", 100000)
    assert found["both"]["kept"] == len(json.loads(done.out))
    told = made("report", "--project", "small", "statistics", "--format", "csv").out
    for domain, name in enumerate(("outdoor", "kitchen")):
        row = next(line for line in told.splitlines() if line.startswith(name)).split(",")
        items = found["before"][domain]["items"] + found["new_items"][domain]
        events = found["before"][domain]["interactions"] + found["sides"][domain]["kept"]
        assert (str(items), str(events)) == (row[6], row[7])


def test_a_kept_setting_makes_the_next_run_insert_that_many(copied):
    found = asked(copied, "--threshold", "0.5", "--kind", "absolute", "--top-k", "1", "--apply")
    assert found["both"]["kept"] != asked(copied, "--threshold", "0.9")["both"]["kept"]
    assert copied("run", "--project", "small", "--until", "insert").status == 0
    assert asked(copied)["both"]["kept"] == found["both"]["kept"]
    done = copied("items", "--project", "small", "--verdict", "kept", "--json", "--limit", 100000)
    assert len(json.loads(done.out)) == found["both"]["kept"]


def test_what_can_not_be_is_said(made, edt):
    wrong = made("tune", "--project", "small", "--kind", "relative")
    assert wrong.status == 2
    assert "relative" in wrong.err
    assert made("tune", "--project", "small", "--top-k", "0").status == 2
    beyond = made("tune", "--project", "small", "--kind", "percentile", "--threshold", "1.5")
    assert beyond.status == 2
    edt("new", "empty")
    assert edt("tune", "--project", "empty").status == 1


def test_what_applying_would_take_is_said_before_and_after(copied):
    words = ("tune", "--project", "small", "--threshold", "0.7", "--kind", "absolute")
    before = copied(*words)
    assert "--apply keeps it, which would make stale: filter, review" in before.err
    assert "calls to redo: at most" in before.err
    assert "Kept in the settings, which made stale: filter" in copied(*words, "--apply").err
    assert "No change. No item" in copied(*words, "--apply").err
