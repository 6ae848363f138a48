import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from llm_worker.engines.text_cut import carefully_estimated, whole_characters

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


def test_a_letter_keeps_its_marks_and_an_emoji_its_parts():
    assert whole_characters("cafe\u0301!", 4) == 3
    assert whole_characters("cafe\u0301!", 5) == 5
    assert whole_characters(f"a{FAMILY}", 4) == 1
    assert whole_characters("👍🏿", 1) == 0
    assert whole_characters("plain", 3) == 3
    assert whole_characters("plain", 9) == 9


def test_an_endless_stack_of_marks_is_no_character():
    assert whole_characters("a" + "\u0301" * 100, 80) == 80


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_is_a_beginning_of_no_more_tokens_than_asked_for(text, limit):
    measured = carefully_estimated(text, limit)

    assert text.startswith(measured.text)
    assert measured.kept <= limit
    assert measured.kept <= measured.tokens == carefully_estimated(text, None).tokens
    assert (measured.text == text) or (measured.tokens > limit)
    assert not measured.exact


@given(st.text(st.sampled_from("ae \u0301\u0308\u200d👩🏿ж跳"), min_size=1, max_size=30), st.integers(0, 30))
def test_no_text_is_cut_before_a_mark_or_beside_a_joiner(text, limit):
    end = len(carefully_estimated(text, limit).text)

    if 0 < end < len(text):
        assert not unicodedata.combining(text[end])
        assert "\u200d" not in (text[end], text[end - 1])


def test_an_english_sentence_is_estimated_a_little_high():
    sentence = "A flea lives for about a hundred days, and needs the blood of its host to lay eggs."

    assert 18 <= carefully_estimated(sentence, None).tokens <= 30
