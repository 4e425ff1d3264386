"""Asking for many plain texts."""

from edt_core.ports import Answer, Question, Refusal
from edt_core.stages.profiling.texts import ask_texts, first_words


class Scripted:
    """Refuses what is marked bad, repeats the rest."""

    def ask(self, questions):
        for question in questions:
            if "bad" in question.prompt:
                yield Refusal("No.", None)
            else:
                yield Answer(f"```\n{question.prompt} said\n```", None, 5)


def test_texts_are_cleaned_and_cut_and_refusals_are_data():
    done = []
    prompts = ["one two three", "bad"]
    texts = ask_texts(
        Scripted(), lambda n: Question("p", "plain", n, "", prompts[n]), 2, 3, done.append
    )
    assert texts.texts == ["one two three", ""]
    assert texts.reasons == ["", "No."]
    assert texts.calls.tolist() == [5, -1]
    assert done == [1, 2]


def test_a_text_within_its_words_is_left_alone():
    assert first_words("a b", 2) == "a b"
    assert first_words("a b c", 2) == "a b"
