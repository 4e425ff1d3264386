"""Templates from files: the package's, a project's own, and what is wrong with one."""

import pytest

from edt_core.errors import InputError, UsageError
from edt_core.llm import prompts
from edt_core.llm.templating import NAMES, copy_out, packaged, slots_of, with_own


def test_without_files_the_packages_templates_count(tmp_path):
    assert with_own(tmp_path / "none") == packaged()
    assert [name for name, _ in packaged().texts] == list(NAMES)


def test_a_digest_depends_on_names_and_texts_alone():
    item = packaged().only("item")
    assert item.digest == packaged().only("item").digest == item.model_dump()
    assert item.digest != packaged().only("generate").digest
    assert len(packaged().only("item", "plain").digest) == 16


def test_a_projects_own_is_asked_with_and_changes_nothing_else(tmp_path):
    (tmp_path / "plain.txt").write_text("Be brief.\n---\n$domain_a, $domain_b: $titles for $$5")
    own = with_own(tmp_path)
    assert prompts.plain_prompt(["food", "kitchen"], ["Tea"], own) == (
        "Be brief.", 'food, kitchen: "Tea" for $5',
    )  # fmt: skip
    changed = [n for n in NAMES if own.only(n).digest != packaged().only(n).digest]
    assert changed == ["plain"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("plain.txt", "$domain_a $domain_b $titels", r"plain.txt: \$titels is no slot"),
        ("plain.txt", "$domain_a $titles", r"plain.txt: \$domain_b is left out"),
        ("plain.txt", "$domain_a $domain_b $titles 5$ off", r"plain.txt has a \$"),
        ("plain.txt", "", "plain.txt is empty"),
        ("plane.txt", "x", "plane.txt is the template of no prompt"),
        ("manual.txt", "$larger, $smaller", "needs five lines"),
    ],
)
def test_a_wrong_template_is_one_sentence_with_file_and_slot(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        with_own(tmp_path)


def test_a_template_is_text_of_its_own(tmp_path):
    (tmp_path / "secret").write_text("$domain_a $domain_b $titles")
    (tmp_path / "plain.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="is a link"):
        with_own(tmp_path)
    (tmp_path / "plain.txt").unlink()
    (tmp_path / "plain.txt").write_bytes(b"\xff$titles")
    with pytest.raises(InputError, match="UTF-8"):
        with_own(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_as_good_as_the_packages(tmp_path, name):
    path = copy_out(name, tmp_path / "prompts")
    assert with_own(tmp_path / "prompts") == packaged()
    assert slots_of(path.read_text())
    with pytest.raises(UsageError, match="there already"):
        copy_out(name, tmp_path / "prompts")
