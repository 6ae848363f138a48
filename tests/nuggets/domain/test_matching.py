"""Nuggets that say the same, and sentences that seem to hold one."""

import pytest

from nuggets.domain.matching import best_sentence, content_words, likeness, near_duplicates


def test_small_words_and_endings_do_not_count():
    assert content_words("The delays of trains") == content_words("train is delayed")


def test_likeness_is_the_share_of_words_in_common():
    assert likeness("light scatters in air", "light scatters") == pytest.approx(2 / 3)
    assert likeness("", "light") == 0


def test_near_duplicates_are_found_and_the_most_alike_come_first():
    texts = {1: "Blue light scatters most", 4: "red sunsets", 2: "blue light is scattered", 3: "blue light"}
    found = [(pair.a, pair.b, round(pair.likeness, 2)) for pair in near_duplicates(texts)]
    assert found == [(1, 2, 1.0), (1, 3, 0.67), (2, 3, 0.67)]
    assert near_duplicates({1: "red", 2: "blue"}) == []


def test_the_best_sentence_has_the_largest_share_of_the_words():
    sentences = ["The sky is blue.", "Short waves of light scatter!", "Nothing else"]
    assert best_sentence("light waves scatter", sentences) == (1, sentences[1])
    assert best_sentence("light waves polarize", sentences) == (pytest.approx(2 / 3), sentences[1])
    assert best_sentence("light", []) == (0, "")


def test_other_scripts_are_words_too():
    assert best_sentence("光 散射", ["因为 光 散射"])[0] == 1
