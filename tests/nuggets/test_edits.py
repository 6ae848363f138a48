"""Edits of a stored list: by whom, over which, and back."""

from functools import partial
from uuid import uuid4

import pytest

from assessment.domain.errors import DomainError
from nuggets.domain import edits
from nuggets.domain.edits import Passage
from nuggets.models import BankEdit, Nugget, NuggetAssignment, TopicBank, Wording
from nuggets.selectors.lists import edits_done, nugget_list, shown_list
from nuggets.services.edits import EditConflict, edit_redo, edit_undo, list_edit
from tests.factories import make_pool, make_track, make_user
from tests.nuggets.factories import make_list

pytestmark = pytest.mark.django_db
Kind = BankEdit.Kind


@pytest.fixture
def row():
    return make_list(make_track(), "light scatters", "blue scatters most", "sunsets are red")


@pytest.fixture
def alice():
    return make_user("alice")


def texts(row) -> list[str]:
    return [one.state.text for one in shown_list(row).nuggets]


def revision(row) -> int:
    return TopicBank.objects.get(pk=row.pk).revision


def edited(row, name: str, actor, *, seen: int | None = None, key=None, **fields):
    seen = revision(row) if seen is None else seen
    kinds = {"weigh": Kind.IMPORTANCE, "move": Kind.REORDER, "link": Kind.PASSAGE}
    edit = partial(getattr(edits, name), **fields)
    return list_edit(topic_bank=row, kind=kinds.get(name, name), edit=edit, actor=actor, seen=seen, key=key)


def test_what_is_read_back_is_what_the_edit_made(row, alice):
    document = make_pool(row.bank.track, size=1, qid="q9").items.get().document
    edited(row, "link", alice, number=1, passage=Passage(document.pk, 0, 4, "Text"))
    edited(row, "merge", alice, numbers=[1, 2], text="blue light scatters most")
    edited(row, "split", alice, number=3, texts=["sunsets", "red"])
    edited(row, "move", alice, number=6, place=0)
    stored = nugget_list(row)
    assert stored.live == (6, 4, 5)
    assert stored.states[4].parents == (1, 2)
    assert stored.states[4].passages == (Passage(document.pk, 0, 4, "Text"),)
    assert (stored.states[1].retired, stored.states[3].retired) == ("merged", "split")
    assert [one.docids for one in shown_list(row).nuggets] == [[], [document.docid], []]


def test_a_repeated_request_edits_once(row, alice):
    key = uuid4()
    first = edited(row, "add", alice, text="air is thin", key=key)
    assert edited(row, "add", alice, text="air is thin", key=key) == first
    assert len(texts(row)) == 4


def test_an_edit_that_changes_nothing_is_none(row, alice):
    before = revision(row)
    assert edited(row, "reword", alice, number=1, text=" light  scatters ") is None
    assert revision(row) == before


def test_two_people_who_reword_one_nugget_conflict_and_nothing_is_lost(row, alice):
    seen = revision(row)
    edited(row, "reword", alice, number=1, text="light is scattered", seen=seen)
    with pytest.raises(EditConflict, match=r"alice changed nugget 1 .*“light is scattered”"):
        edited(row, "reword", make_user("bob"), number=1, text="waves scatter", seen=seen)
    edited(row, "weigh", make_user("dora"), number=1, importance="okay", seen=seen)
    assert texts(row)[0] == "light is scattered"


def test_whoever_edits_what_another_has_retired_is_told_so(row, alice):
    seen = revision(row)
    edited(row, "retire", alice, number=1, seen=seen)
    with pytest.raises(EditConflict, match="alice changed nugget 1 .*it is retired now"):
        edited(row, "reword", make_user("bob"), number=1, text="x", seen=seen)


def test_what_makes_no_sense_is_no_conflict_whatever_others_did(row, alice):
    seen = revision(row)
    edited(row, "reword", alice, number=2, text="x")
    with pytest.raises(DomainError, match="says something") as refused:
        edited(row, "reword", make_user("bob"), number=1, text=" ", seen=seen)
    assert not isinstance(refused.value, EditConflict)


def test_undo_goes_back_step_by_step_and_redo_forth(row, alice):
    start = texts(row)
    edited(row, "reword", alice, number=1, text="x")
    edited(row, "retire", alice, number=2)
    edited(row, "add", alice, text="y")
    end = texts(row)
    for _ in range(3):
        edit_undo(topic_bank=row, actor=alice)
    assert texts(row) == start
    with pytest.raises(DomainError, match="nothing of yours"):
        edit_undo(topic_bank=row, actor=alice)
    for _ in range(3):
        edit_redo(topic_bank=row, actor=alice)
    assert texts(row) == end
    edit_undo(topic_bank=row, actor=alice)
    assert texts(row) == end[:-1]


def test_undo_takes_back_ones_own_edits_only(row, alice):
    edited(row, "reword", alice, number=1, text="x")
    edited(row, "reword", make_user("bob"), number=2, text="y")
    edit_undo(topic_bank=row, actor=alice)
    assert texts(row)[:2] == ["light scatters", "y"]


def test_going_back_to_an_earlier_text_is_the_same_wording_again(row, alice):
    first = Wording.objects.get(nugget__number=1)
    edited(row, "reword", alice, number=1, text="x")
    edit_undo(topic_bank=row, actor=alice)
    first.refresh_from_db()
    assert first.current
    assert Wording.objects.filter(nugget__number=1).count() == 2


def test_nothing_is_ever_deleted(row, alice):
    edited(row, "merge", alice, numbers=[1, 2], text="m")
    edit_undo(topic_bank=row, actor=alice)
    assert Nugget.objects.count() == 4
    assert NuggetAssignment.objects.count() == 0
    assert texts(row) == ["light scatters", "blue scatters most", "sunsets are red"]


def test_the_history_tells_every_edit_in_words_and_importance_only_to_those_who_may_see_it(row, alice):
    edited(row, "reword", alice, number=1, text="x")
    edited(row, "weigh", alice, number=1, importance="okay")
    edited(row, "move", alice, number=3, place=0)
    said = [line for done in edits_done(row)[:3] for line in done.said]
    assert said == ["3 from place 3 to 1", "1: vital → okay", "1 “light scatters” → “x”"]
    hidden = [line for done in edits_done(row, hides_importance=True) for line in done.said]
    assert "1: vital → okay" not in hidden
    assert all(not one.state.importance for one in shown_list(row, hides_importance=True).nuggets)


def test_the_list_is_read_in_a_fixed_number_of_queries(row, alice, django_assert_num_queries):
    document = make_pool(row.bank.track, size=1, qid="q9").items.get().document
    edited(row, "split", alice, number=1, texts=["a", "b"])
    edited(row, "link", alice, number=2, passage=Passage(document.pk))
    with django_assert_num_queries(8):
        shown_list(row)
    edited(row, "split", alice, number=2, texts=["c", "d"])
    edited(row, "reword", alice, number=3, text="e")
    with django_assert_num_queries(8):
        shown_list(row)
