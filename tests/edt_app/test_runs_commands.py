"""``edt runs tag | note | delete`` and ``edt watch`` on runs that have ended."""

from shell import Shell


def runs(edt: Shell) -> list[dict]:
    return edt("runs", "--project", "small", "--json").document()


def test_a_run_is_tagged_noted_and_forgotten(copied: Shell):
    of = ("--project", "small")
    assert copied("runs", *of, "tag", 1, "best").status == 0
    assert (
        copied("runs", *of, "note", 1, "lr looked \x1b[31mhigh").out
        == "Run 1: lr looked �[31mhigh\n"
    )
    assert (runs(copied)[0]["tag"], runs(copied)[0]["note"]) == ("best", "lr looked \x1b[31mhigh")
    assert "best" in copied("runs", *of).out
    assert copied("runs", *of, "tag", 1, "").status == 0
    assert runs(copied)[0]["tag"] == ""
    assert copied("runs", *of, "delete", 1).status == 2
    assert copied("runs", *of, "delete", 1, "--yes").status == 0
    assert runs(copied) == []
    assert not (copied.home / "small" / "runs" / "1").exists()
    assert copied("runs", *of, "tag", 1, "x").status == 2
    again = copied("run", *of, "--seed", 42, "--json").document()
    assert again["computed"] == 0  # stored results stay


def test_a_run_with_cutoffs_of_its_own_has_the_measure_that_the_list_shows(copied: Shell):
    of = ("--project", "small")
    done = copied("run", *of, "--seed", 42, "--set", "evaluation.cutoffs=5", "--json").document()
    assert done["computed"] == 0
    assert {line["name"] for line in done["metrics"]} >= {"full.ndcg@5", "full.ndcg@10"}
    assert runs(copied)[0]["ndcg"] is not None


def test_watching_a_run_that_has_ended_says_how(made: Shell):
    told = made("watch", "--project", "small")
    first, last = told.out.splitlines()
    assert first.startswith("Run 1: ")
    made_stages, planned = (int(word) for word in first.split() if word.isdigit())
    assert made_stages == planned > 10
    assert (last, told.status) == ("Run 1: done.", 0)
    assert made("watch", "--project", "small", "--run", 9).status == 2


def test_watching_a_project_without_runs_says_what_to_do(edt: Shell):
    edt("new", "empty")
    told = edt("watch", "--project", "empty")
    assert told.status == 1
    assert "edt run" in told.err
