"""The practice topic's file, and where presses lead."""

import pytest
import yaml

from assessment.domain.errors import DomainError, FileError
from assessment.domain.practice import TOPIC_FILE, load, practice_topic, replay, without_last

GOOD = {
    "query": "why",
    "description": "what is asked",
    "scale": [
        {"grade": 0, "key": "n", "label": "no", "definition": "not at all"},
        {"grade": 1, "key": "y", "label": "yes", "definition": "it is"},
    ],
    "passages": [
        {"title": "A", "text": "a", "grade": 1, "why": "because"},
        {"title": "B", "text": "b", "grade": 0, "why": "because", "tip": "press n"},
        {"title": "C", "text": "c", "grade": "unjudgeable", "why": "because"},
    ],
}


@pytest.fixture
def written(tmp_path):
    def write(data):
        path = tmp_path / "topic.yaml"
        path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
        return path

    return write


@pytest.fixture
def topic(written):
    return load(written(GOOD))


def titles(practice):
    return practice.passage and practice.passage.title


def test_the_topic_that_comes_along_is_in_order():
    topic = load(TOPIC_FILE)
    assert topic == practice_topic() and 5 <= len(topic.passages) <= 8
    assert [step.value for step in topic.scale] == [0, 1, 2, 3]
    assert {passage.grade for passage in topic.passages} == {0, 1, 2, 3, None}
    tips = " ".join(passage.tip for passage in topic.passages)
    for key in ("l", "x", "u", "?"):
        assert f" {key} " in tips or f" {key}." in tips or f" {key};" in tips or f", {key}" in tips


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"query": " "}, "query"),
        ({"scale": []}, "at least two grades"),
        ({"scale": [GOOD["scale"][1], GOOD["scale"][0]]}, "0, 1, 2"),
        ({"scale": [GOOD["scale"][0], {**GOOD["scale"][1], "key": "n"}]}, "of its own"),
        ({"scale": [GOOD["scale"][0], {**GOOD["scale"][1], "label": ""}]}, "label"),
        ({"scale": [GOOD["scale"][0], {**GOOD["scale"][1], "and more": None}]}, "a comma in quotes"),
        ({"passages": []}, "at least one passage"),
        ({"passages": "x"}, "at least one passage"),
        ({"passages": [{**GOOD["passages"][0], "grade": 7}]}, "not on the scale"),
        ({"passages": [{**GOOD["passages"][0], "grade": True}]}, "not on the scale"),
        ({"passages": [{**GOOD["passages"][0], "why": ""}]}, "Passage 1: “why”"),
        ({"passages": [{**GOOD["passages"][0], "hint": "x"}]}, "no field “hint”"),
    ],
)
def test_a_bad_topic_is_refused_with_what_is_wrong(written, change, told):
    with pytest.raises(FileError) as refused:
        load(written({**GOOD, **change}))
    assert any(told in str(problem) for problem in refused.value.problems)


@pytest.mark.parametrize("text", ["- a\n- b", "a: [", "\x00"])
def test_what_is_no_mapping_is_refused(written, text):
    with pytest.raises(FileError):
        load(written(text))


def test_a_grade_is_answered_and_then_the_next_passage_comes(topic):
    told = replay(topic, ["1"])
    assert titles(told) == "A" and told.told.verdict == "same" and not told.finished
    assert titles(replay(topic, ["1", "next"])) == "B"


@pytest.mark.parametrize(
    ("presses", "verdict"),
    [
        (["0"], "stricter"),
        (["cannot"], "other"),
        (["1", "next", "1"], "lenient"),
        (["1", "next", "0", "next", "cannot"], "same"),
        (["1", "next", "0", "next", "1"], "other"),
    ],
)
def test_the_verdict_compares_with_our_grade(topic, presses, verdict):
    assert replay(topic, presses).told.verdict == verdict


def test_what_is_put_off_comes_again_at_the_end(topic):
    practice = replay(topic, ["later"])
    assert titles(practice) == "B" and practice.put_off
    assert titles(replay(topic, ["later", "0", "next", "cannot", "next"])) == "A"
    assert titles(replay(topic, ["later"] * 3)) == "A"


def test_at_the_end_all_answers_are_sorted_by_verdict(topic):
    practice = replay(topic, ["0", "next", "1", "next", "cannot", "next"])
    assert practice.finished and practice.passage is None
    assert [len(each) for each in (practice.same, practice.stricter, practice.lenient, practice.other)] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    "presses",
    [["2"], ["-1"], ["x"], [""], ["next"], ["1", "1"], ["1", "later"], ["0", "next"] * 3 + ["0"], ["later"] * 201],
)
def test_a_press_that_does_not_fit_is_refused_with_a_sentence(topic, presses):
    with pytest.raises(DomainError, match=r"\.$"):
        replay(topic, presses)


def test_undo_takes_back_the_last_thing_that_was_said_of_a_passage():
    assert without_last(["1"]) == [] and without_last(["1", "next"]) == []
    assert without_last(["1", "next", "later"]) == ["1", "next"]
    with pytest.raises(DomainError, match="nothing to undo"):
        without_last([])
