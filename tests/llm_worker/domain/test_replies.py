import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llm_worker.domain.replies import Outcome, State, grade_tokens, parse_reference, parse_token

SCALE = (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("reply", "state", "grade"),
    [
        ("##final score: 3", State.OK, 3),
        ("...lasts from 20 days to 1 year.\n##final score: 3", State.OK, 3),
        ("on a scale of 0 to 3 I would rate this ##final score: 0", State.OK, 0),
        ("##FINAL Score :  2  \nThat is all.", State.OK, 2),
        ("## final score:1\r\n", State.OK, 1),
        ("##final score: 1\n##final score: 2", State.OK, 2),
        ("I cannot help with that (error 403).", State.UNPARSED, None),
        ("written in 2023 and irrelevant", State.UNPARSED, None),
        ("", State.UNPARSED, None),
        ("3", State.UNPARSED, None),
        ("##final score:", State.UNPARSED, None),
        ("##final score: N", State.UNPARSED, None),
        ("##final score: 2.5", State.UNPARSED, None),
        ("##final score: 3/3", State.UNPARSED, None),
        ("##final score: [3]", State.UNPARSED, None),
        ("##final score: 3 out of 3", State.UNPARSED, None),
        ("##final score:\n3", State.UNPARSED, None),
        ("##final score: 3\rno", State.UNPARSED, None),
        ("##final score: ３", State.UNPARSED, None),
        ("##final score: 03", State.UNPARSED, None),
        ("##final ſcore: 3", State.UNPARSED, None),
        ("##final score: 2\n##final score: two", State.UNPARSED, None),
        ("##final score: 10", State.OUT_OF_SCALE, None),
        ("##final score: -1", State.OUT_OF_SCALE, None),
        ("##final score: 4", State.OUT_OF_SCALE, None),
        ("##finalscore: 3", State.UNPARSED, None),
        ("# #final score: 3", State.UNPARSED, None),
        ("##final score 3", State.UNPARSED, None),
        ("##final score: " + "9" * 5000, State.OUT_OF_SCALE, None),
    ],
)
def test_a_reply_reads_as_the_method_says(reply, state, grade):
    assert parse_reference(reply, "stop", SCALE) == Outcome(state, grade)


def test_a_cut_reply_is_truncated_whatever_it_reads():
    assert parse_reference("##final score: 1", "length", SCALE) == Outcome(State.TRUNCATED)


def test_only_the_engine_says_that_a_reply_was_refused():
    assert parse_reference("##final score: 1", "stop", SCALE, refused=True) == Outcome(State.REFUSED)
    assert parse_reference("", "content_filter", SCALE) == Outcome(State.REFUSED)
    assert parse_reference("I refuse to answer.", "stop", SCALE) == Outcome(State.UNPARSED)


def test_the_scale_decides_which_grades_there_are():
    assert parse_reference("##final score: 10", "stop", range(11)) == Outcome(State.OK, 10)
    assert parse_reference("##final score: 0", "stop", (1, 2)) == Outcome(State.OUT_OF_SCALE)


# Texts made of the pieces that matter, so that a good part of them comes close to an answer line.
PIECES = st.sampled_from(
    ["##", "final", " ", "score", ":", "0", "3", "9", "-", ".", "\n", "\r", "\t", "N", "٣", "/", "[", "FINAL", "ſcore"]
)
LINES = st.sampled_from(
    ["##final score: 3", "## Final  Score :\t2 \r", "##final score: 3.", "##final score: 03", "##finalscore: 1", "\n"]
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(PIECES, st.just("##final score:")), max_size=14).map("".join),
    st.lists(st.one_of(LINES, PIECES), max_size=6).map("".join),
)


def marks_end(text):
    """Where each `##final score:` ends, read sign by sign: case ignored, spaces and tabs allowed between its parts."""
    ends = []
    for place in range(len(text)):
        at = place
        for part in ("##", "final", "score", ":"):
            before = at
            while at < len(text) and text[at] in " \t":
                at += 1
            if part == "##" and at != place:
                break  # a mark begins with its first sign
            if part == "score" and at == before:
                break  # two words are two words
            piece = text[at : at + len(part)]
            if not (piece.isascii() and piece.lower() == part):
                break
            at += len(part)
        else:
            ends.append(at)
    return ends


def grade_by_the_rule(text):
    """The rule of the method without a regular expression: the integer that ends the line of the last mark, or None."""
    ends = marks_end(text)
    if not ends:
        return None
    line = text[ends[-1] :].split("\n")[0].lstrip(" \t").rstrip(" \t\r")
    return next((grade for grade in range(100) if line == str(grade)), None)


@given(TEXTS, st.sampled_from(["stop", "length", "content_filter", ""]), st.booleans())
@example("##final score: 3", "stop", False)
@example("##final score: 3\n## final\tscore :0\r\n", "stop", False)
def test_no_reply_outside_the_rule_yields_a_grade_and_every_other_does(text, finish_reason, refused):
    outcome = parse_reference(text, finish_reason, SCALE, refused)
    by_rule = grade_by_the_rule(text) if finish_reason in {"stop", ""} and not refused else None

    assert outcome.grade == (by_rule if by_rule in SCALE else None)
    assert (outcome.grade is not None) == (outcome.state is State.OK)


@given(st.text(alphabet="ab# \n", max_size=30), st.sampled_from(SCALE), st.sampled_from(["", " ", "\t ", "\r"]))
def test_every_reply_that_ends_by_the_rule_yields_its_grade(before, grade, spaces):
    assert parse_reference(f"{before}##final score: {grade}{spaces}", "stop", SCALE) == Outcome(State.OK, grade)


def logs(*probabilities):
    return {str(grade): math.log(p) for grade, p in enumerate(probabilities) if p}


def test_a_token_gives_the_distribution_over_the_grades():
    outcome = parse_token(logs(0.1, 0.2, 0.4, 0.1), SCALE)

    assert outcome.state is State.OK
    assert outcome.grade == 2
    assert outcome.probabilities == pytest.approx({0: 0.125, 1: 0.25, 2: 0.5, 3: 0.125})
    assert outcome.outside_mass == pytest.approx(0.2)
    assert outcome.expected == pytest.approx(1.625)
    assert outcome.entropy == pytest.approx(1.75)
    assert outcome.margin == pytest.approx(0.25)


def test_a_grade_that_the_engine_did_not_report_has_no_probability():
    outcome = parse_token(logs(0.0, 0.5), SCALE)

    assert outcome.grade == 1
    assert outcome.probabilities == {0: 0.0, 1: 1.0, 2: 0.0, 3: 0.0}
    assert outcome.entropy == 0.0


def test_the_lower_grade_wins_a_tie():
    assert parse_token(logs(0.1, 0.3, 0.3), (2, 1, 0)).grade == 1


def test_renormalised_values_do_not_tell_the_mass_outside():
    assert parse_token(logs(0.5, 0.5), SCALE, constrained=True).outside_mass is None


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, {"x": -0.1}, {"1": -math.inf}, {"1": math.nan}, {"1": 2.0}, {"1": 0.0, "2": 0.0}],
    ids=["none", "empty", "other answers", "impossible", "not a number", "above one", "sum above one"],
)
def test_log_probabilities_that_say_nothing_give_no_grade(logprobs):
    outcome = parse_token(logprobs, SCALE)

    assert outcome.state is State.UNPARSED
    assert outcome.grade is None
    assert outcome.probabilities is None


def test_a_refused_token_gives_no_grade():
    assert parse_token(logs(0.5, 0.5), SCALE, refused=True).state is State.REFUSED
    assert parse_token(logs(0.5, 0.5), SCALE, "content_filter").state is State.REFUSED


@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=10))
def test_probabilities_sum_to_one_and_the_grade_is_the_likeliest(weights):
    total = sum(weights) * 1.25
    outcome = parse_token(logs(*(weight / total for weight in weights)), range(len(weights)))

    assert sum(outcome.probabilities.values()) == pytest.approx(1.0)
    assert outcome.probabilities[outcome.grade] == max(outcome.probabilities.values())
    assert outcome.outside_mass == pytest.approx(0.2)
    assert 0.0 <= outcome.entropy <= math.log2(len(weights)) + 1e-9
    assert 0.0 <= outcome.margin <= 1.0


@pytest.mark.parametrize("scale", [(0, 1, 10), (-1, 0, 1)])
def test_a_grade_of_more_than_one_digit_is_refused_not_cut(scale):
    with pytest.raises(ValueError, match="one digit"):
        grade_tokens(scale)
    with pytest.raises(ValueError, match="one digit"):
        parse_token({"1": -0.1}, scale)


def test_one_grade_is_no_choice():
    with pytest.raises(ValueError, match="at least two"):
        grade_tokens((1,))
