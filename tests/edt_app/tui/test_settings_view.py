from edt_app.tui.screens.settings.view import SettingsView, next_choice, told
from edt_core.actions.consequences import Change, Consequences
from edt_core.actions.describing import described, section_help
from edt_core.config import Config


def view(**settings: object) -> SettingsView:
    values = Config().changed({key.replace("__", "."): v for key, v in settings.items()}).flat()
    return SettingsView(described(), values, section_help())


def found(of: SettingsView, text: str = "", *, only_set: bool = False) -> list[str]:
    return [e.key.key for e in of.entries(text, only_set=only_set) if e.key is not None]


def test_every_setting_stands_under_its_section():
    shown = view()
    assert found(shown) == list(Config().flat())
    headings = [e.section for e in shown.entries() if e.key is None]
    assert headings == list(section_help())


def test_words_are_looked_for_in_name_help_value_and_the_papers_name():
    assert found(view(), "tau eq. 6") == ["noise_filter.threshold"]
    assert "llm.base_url" in found(view(llm__base_url="http://here/v1"), "http://here")
    assert found(view(), "no such words") == []


def test_only_what_was_set():
    assert found(view(noise_filter__top_k=1), only_set=True) == ["noise_filter.top_k"]


def test_a_set_value_is_marked_by_a_word_too():
    shown = view(noise_filter__top_k=1)
    number = next(n for n, key in enumerate(shown.keys) if key.key == "noise_filter.top_k")
    assert ("• set", "yellow") in shown.row(number)
    assert "value 1 (set), default 3" in shown.detail(number).plain
    assert shown.title().startswith("1 of ")


def test_arrows_go_through_the_choices_and_around():
    key = next(key for key in described() if key.key == "insertion.position")
    assert next_choice(key, "anchor", 1) == "end"
    assert next_choice(key, "anchor", -1) == "random"
    assert next_choice(key, "typo", 1) == "anchor"


def test_what_a_change_takes_names_a_run_that_goes_on():
    found = Consequences([Change("a", 1, 2)], ["filter"], [], 3, 0, 0.0)
    assert told(found, running=False).plain.startswith("~ would make stale: filter; 3 results")
    assert "keeps the settings" in told(found, running=True).plain
