from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from edt_app.tui.widgets.cells import cut, fit, steady_text


def test_pads_to_the_width_on_either_side() -> None:
    assert fit("vest", 6) == "vest  "
    assert fit("vest", 6, "right") == "  vest"
    assert fit("vest", 0) == ""


def test_marks_a_cut() -> None:
    assert fit("hydration", 5) == "hydr…"


def test_never_halves_a_wide_letter() -> None:
    assert fit("日本語", 4) == "日… "
    assert cut("日本語", 3) == "日"


def test_joined_emoji_and_flags_become_letters_of_a_known_width() -> None:
    assert steady_text("👩‍👧") == "👩👧"
    assert steady_text("❤️") == "❤"
    assert steady_text("🇩🇪") == "DE"


def test_escapes_are_seen_and_invisible_letters_gone() -> None:
    assert "\x1b" not in fit("\x1b]52;c;x\x07", 20)
    assert steady_text("a\u200bb\u00a0c") == "ab c"


@given(st.text(max_size=60), st.integers(1, 30), st.sampled_from(["left", "right"]))
def test_any_text_fills_its_columns_exactly(text, width, align) -> None:
    shown = fit(text, width, align)
    assert cell_len(shown) == width
    assert shown.isprintable()


def test_a_tower_of_accents_is_bounded() -> None:
    assert len(fit("a" + "\u0301" * 10_000, 5)) <= 30
