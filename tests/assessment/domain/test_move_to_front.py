from heapq import heappop, heappush
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.move_to_front import following

RANKINGS = [list("abcd"), list("ecfg"), list("hij")]
LABELS = {document: document in "acdfj" for document in "abcdefghij"}


def asked(rankings, labels):
    """The documents in the order in which a single assessor, who gives these labels, is asked for them."""
    judged, order = {}, []
    while (document := next(following(rankings, judged), None)) is not None:
        order.append(document)
        judged[document] = labels[document]
    return order


def by_priority(rankings, labels):
    """The same by the letter of the paper: a queue of runs by priority."""
    order, queue = [], [(0, index, list(documents)) for index, documents in enumerate(rankings)]
    while queue:
        lowered, index, documents = heappop(queue)
        while documents:
            document = documents.pop(0)
            if document in order:
                continue
            order.append(document)
            if not labels[document]:
                heappush(queue, (lowered + 1, index, documents))
                break
    return order


def test_a_topic_worked_by_hand():
    # run 1: a is relevant, b is not (-1). Run 2: e is not (-1). Run 3: h is not (-1).
    # All at -1, run 1 is named first: c and d are relevant, and it is at its end.
    # Run 2: c was judged for run 1, f is relevant, g is not (-2). Run 3: i is not (-2); run 2 is at its end; j.
    assert asked(RANKINGS, LABELS) == list("abehcdfgij")


def test_a_run_stays_in_front_while_its_documents_are_relevant():
    assert asked([list("abc"), list("def")], dict.fromkeys("abcdef", True)) == list("abcdef")


def test_a_run_whose_document_is_not_relevant_makes_way_for_the_best_of_the_others():
    labels = {"x": False, "b": True, "y": False, "c": True, "a": True, "z": False}
    assert asked([["x", "b"], ["y", "c"], ["a", "z"]], labels) == ["x", "y", "a", "z", "b", "c"]


def test_without_another_run_the_last_one_goes_on():
    assert list(following([list("abc")], {"a": False})) == ["b", "c"]


def test_equal_runs_come_in_the_order_in_which_they_are_named():
    assert next(following([["b"], ["a"]], {})) == "b"
    assert next(following([["a"], ["b"]], {})) == "a"


def test_a_document_that_waits_for_its_label_is_no_news():
    assert list(islice(following(RANKINGS, {}), 4)) == list("abcd")
    assert list(islice(following(RANKINGS, {"b": False}), 3)) == list("aec")


def test_labels_that_come_while_the_documents_are_taken_count():
    judged = {}
    order = []
    for document in following(RANKINGS, judged):
        order.append(document)
        judged[document] = LABELS[document]
    assert order == list("abehcdfgij")


def test_documents_judged_out_of_turn_are_taken_with_their_label_when_their_turn_comes():
    # e and h, which are not relevant, are judged before anybody asked for them
    assert list(islice(following(RANKINGS, {"e": False, "h": False, "a": True, "b": False}), 2)) == ["c", "d"]


def test_a_grade_that_changes_its_mind_changes_what_follows():
    assert next(following(RANKINGS, {"a": True})) == "b"
    assert next(following(RANKINGS, {"a": False})) == "e"


def test_nothing_follows_where_nothing_is_left():
    assert list(following([], {})) == []
    assert list(following([[], []], {})) == []
    assert list(following([["a"], ["a"]], {"a": True})) == []


def test_labels_of_documents_that_no_run_has_are_of_no_matter():
    assert list(following([["a", "b"]], {"z": False, "y": True})) == ["a", "b"]


ranked = st.lists(st.integers(0, 25), unique=True, max_size=15)
topics = st.lists(ranked, max_size=6)


@given(topics, st.dictionaries(st.integers(0, 30), st.booleans()))
def test_every_unjudged_document_comes_exactly_once_and_no_judged_one(rankings, judged):
    order = list(following(rankings, judged))
    assert len(order) == len(set(order))
    assert set(order) == {document for documents in rankings for document in documents} - judged.keys()


@given(topics, st.sets(st.integers(0, 25)))
def test_asking_again_after_each_judgment_is_the_same_as_going_on(rankings, relevant):
    labels = {document: document in relevant for document in range(26)}
    judged, order = {}, []
    for document in following(rankings, judged):
        order.append(document)
        judged[document] = labels[document]
    assert order == asked(rankings, labels)


@given(topics, st.sets(st.integers(0, 25)))
def test_the_rounds_are_the_order_of_priorities(rankings, relevant):
    labels = {document: document in relevant for document in range(26)}
    assert asked(rankings, labels) == by_priority(rankings, labels)


@given(topics, st.dictionaries(st.integers(0, 25), st.booleans()))
def test_labels_are_read_and_never_changed(rankings, judged):
    before = dict(judged)
    first, second = list(following(rankings, judged)), list(following(rankings, judged))
    assert first == second
    assert judged == before
