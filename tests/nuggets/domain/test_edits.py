"""Edits of a list of nuggets, without a database."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import DomainError
from nuggets.domain import edits
from nuggets.domain.edits import NuggetList, Passage, changes, clash, undone


def a_list(*texts: str, **more) -> NuggetList:
    made = NuggetList()
    for text in texts:
        made = edits.add(made, text, **more)
    return made


def texts(one: NuggetList) -> list[str]:
    return [one.states[number].text for number in one.live]


def test_an_added_nugget_stands_at_the_end_on_one_line():
    assert texts(edits.add(a_list("a"), " b \n c ")) == ["a", "b c"]


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2_001])
def test_a_nugget_says_something_and_not_everything(text):
    with pytest.raises(DomainError):
        edits.add(NuggetList(), text)


def test_a_merge_stands_at_the_place_of_the_first_and_knows_its_parents():
    there, other = Passage(1, 0, 3, "abc"), Passage(2)
    before = edits.link(edits.link(a_list("a", "b", "c", "d"), 2, there), 4, other)
    before = edits.weigh(edits.weigh(before, 2, "okay"), 4, "vital")
    after = edits.merge(before, [4, 2], "b and d")
    assert texts(after) == ["a", "b and d", "c"]
    merged = after.states[5]
    assert (merged.parents, merged.importance, merged.passages) == ((4, 2), "vital", (other, there))
    assert {number: after.states[number].retired for number in (2, 4)} == {2: "merged", 4: "merged"}


def test_the_parts_of_a_split_stand_where_the_whole_stood():
    before = edits.place_under(edits.weigh(a_list("a", "b and c", "d"), 2, "okay"), 2, "light")
    after = edits.split(before, 2, ["b", "c"])
    assert texts(after) == ["a", "b", "c", "d"]
    assert [(after.states[number].importance, after.states[number].sub_narrative) for number in (4, 5)] == [
        ("okay", "light")
    ] * 2
    assert after.states[2].retired == "split"


def test_a_retired_nugget_comes_back_to_its_place_and_its_number_is_never_used_again():
    gone = edits.retire(a_list("a", "b", "c"), 2)
    assert texts(edits.add(gone, "d")) == ["a", "c", "d"]
    assert edits.add(gone, "d").live == (1, 3, 4)
    assert texts(edits.restore(gone, 2)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "edit",
    [
        partial(edits.reword, number=2, text="x"),
        partial(edits.retire, number=2),
        partial(edits.merge, numbers=[1, 2], text="x"),
        partial(edits.merge, numbers=[1, 1], text="x"),
        partial(edits.split, number=1, texts=["x"]),
        partial(edits.restore, number=1),
        partial(edits.weigh, number=1, importance="huge"),
        partial(edits.unlink, number=1, place=0),
        partial(edits.move, number=9, place=0),
    ],
)
def test_what_makes_no_sense_is_refused(edit):
    with pytest.raises(DomainError):
        edit(edits.retire(a_list("a", "b"), 2))


@pytest.mark.parametrize("place, expected", [(0, "cab"), (1, "acb"), (2, "abc"), (99, "abc"), (-3, "cab")])
def test_a_nugget_moves_among_those_that_count(place, expected):
    before = edits.retire(a_list("a", "x", "b", "c"), 2)
    assert "".join(texts(edits.move(before, 4, place))) == expected


def test_fields_of_one_nugget_edited_by_two_people_go_together():
    before = a_list("a", "b")
    reworded = changes(before, edits.reword(before, 1, "x"))
    assert clash(changes(before, edits.weigh(before, 1, "vital")), reworded) is None
    assert clash(changes(before, edits.reword(before, 2, "x")), reworded) is None
    assert clash(changes(before, edits.reword(before, 1, "y")), reworded) == 1
    assert clash(changes(before, edits.weigh(before, 1, "vital")), changes(before, edits.retire(before, 1))) == 1
    assert clash(changes(before, edits.merge(before, [1, 2], "ab")), reworded) == 1


def test_an_undo_leaves_what_others_did_besides():
    before = a_list("a", "b")
    mine = edits.reword(before, 1, "x")
    now = edits.weigh(edits.add(mine, "c"), 1, "vital")
    after = undone(now, changes(before, mine))
    assert (texts(after), after.states[1].importance) == (["a", "b", "c"], "vital")


def test_an_undo_is_refused_where_somebody_built_on_it():
    before = a_list("a", "b")
    mine = edits.reword(before, 1, "x")
    with pytest.raises(DomainError, match="Nugget 1 has been changed again"):
        undone(edits.reword(mine, 1, "y"), changes(before, mine))


NUMBERS = st.integers(1, 6)
ANY_EDIT = st.one_of(
    st.builds(partial, st.just(edits.add), text=st.sampled_from("pqr")),
    st.builds(partial, st.just(edits.reword), number=NUMBERS, text=st.sampled_from("pqr")),
    st.builds(partial, st.just(edits.weigh), number=NUMBERS, importance=st.sampled_from(edits.IMPORTANCES)),
    st.builds(partial, st.just(edits.retire), number=NUMBERS),
    st.builds(partial, st.just(edits.restore), number=NUMBERS),
    st.builds(partial, st.just(edits.move), number=NUMBERS, place=st.integers(0, 6)),
    st.builds(partial, st.just(edits.merge), numbers=st.lists(NUMBERS, min_size=2, max_size=3), text=st.just("m")),
    st.builds(partial, st.just(edits.split), number=NUMBERS, texts=st.just(["s", "t"])),
    st.builds(partial, st.just(edits.link), number=NUMBERS, passage=st.just(Passage(7))),
)


@given(st.lists(ANY_EDIT, max_size=12))
def test_undoing_everything_leads_back_to_the_first_list(plan):
    start = now = a_list("a", "b", "c")
    done = []
    for edit in plan:
        try:
            after = edit(now)
        except DomainError:
            continue
        done.append(changes(now, after))
        now = after
    for stored in reversed(done):
        now = undone(now, stored)
    assert (now.live, texts(now)) == (start.live, texts(start))
    assert all(now.states[number] == start.states[number] for number in start.order)
