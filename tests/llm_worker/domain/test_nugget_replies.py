import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_worker.domain.nugget_replies import parse_labels, parse_nuggets
from llm_worker.domain.replies import State

LABELS = ("support", "partial_support", "not_support")


def labels(*said):
    return json.dumps({"labels": said})


def nuggets(*said):
    return json.dumps({"nuggets": said})


def test_labels_are_read_in_the_order_of_their_nuggets():
    read = parse_labels(labels("support", "not_support"), "stop", LABELS, 2)
    assert (read.state, read.items) == (State.OK, ("support", "not_support"))


@pytest.mark.parametrize(
    ("text", "state", "why"),
    [
        (labels("support"), State.UNPARSED, "1 labels for 2 nuggets"),
        (labels("support", "support", "support"), State.UNPARSED, "3 labels for 2 nuggets"),
        (labels("support", "supported"), State.OUT_OF_SCALE, "“supported” is none of"),
        (labels("support", "Support"), State.OUT_OF_SCALE, "none of"),
        (labels("support", 1), State.UNPARSED, "list of texts"),
        (labels("support", None), State.UNPARSED, "list of texts"),
        ('["support", "support"]', State.UNPARSED, "not an object"),
        ('{"labels": ["support", "support"], "more": 1}', State.UNPARSED, "not an object"),
        ('{"labels": ["support", "support"], "labels": ["not_support", "support"]}', State.UNPARSED, "not JSON"),
        ('Sure! {"labels": ["support", "support"]}', State.UNPARSED, "not JSON"),
        ('{"labels": ["support", "supp', State.UNPARSED, "not JSON"),
        ("", State.UNPARSED, "not JSON"),
        ("[" * 100_000, State.UNPARSED, "not JSON"),
    ],
)
def test_what_is_no_list_of_labels_is_a_failure_that_says_why(text, state, why):
    read = parse_labels(text, "stop", LABELS, 2)
    assert (read.state, read.items) == (state, ())
    assert why in read.why


def test_replies_that_were_cut_off_or_refused_say_nothing_even_where_they_look_whole():
    whole = labels("support")
    assert parse_labels(whole, "length", LABELS, 1).state is State.TRUNCATED
    assert parse_labels(whole, "content_filter", LABELS, 1).state is State.REFUSED
    assert parse_nuggets(nuggets("a"), "stop", 5, refused=True).state is State.REFUSED


def test_nuggets_keep_their_order_are_tidied_and_said_once():
    read = parse_nuggets(nuggets("The  sky\nis blue", "light scatters", "the sky IS blue"), "stop", 5)
    assert read.items == ("The sky is blue", "light scatters")


def test_a_window_may_leave_the_list_empty():
    assert parse_nuggets(nuggets(), "stop", 5).state is State.OK


def test_a_list_that_is_too_long_or_has_an_empty_nugget_is_a_failure():
    assert "3 nuggets, where 2" in parse_nuggets(nuggets("a", "b", "c"), "stop", 2).why
    assert "Nugget 2 says nothing" in parse_nuggets(nuggets("a", " \n"), "stop", 2).why


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps), st.integers(1, 4))
def test_no_reply_outside_the_rule_yields_a_label(text, count):
    read = parse_labels(text, "stop", LABELS, count)
    assert (read.state is State.OK) == bool(read.items)
    if read.state is State.OK:
        assert len(read.items) == count
        assert set(read.items) <= set(LABELS)


@given(st.lists(st.sampled_from([*LABELS, "maybe", ""]), max_size=5), st.integers(1, 4))
def test_labels_are_those_that_were_said_or_none(said, count):
    read = parse_labels(labels(*said), "stop", LABELS, count)
    fits = len(said) == count and set(said) <= set(LABELS)
    assert read.items == (tuple(said) if fits else ())
