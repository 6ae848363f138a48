"""Banks made and copied, and lists frozen."""

import pytest
from django.db import IntegrityError, transaction

from assessment.domain.errors import DomainError
from nuggets.domain import edits
from nuggets.models import BankEdit, VersionNugget
from nuggets.selectors.banks import scored_lists
from nuggets.selectors.lists import shown_list
from nuggets.services.banks import bank_copy, bank_create, bank_delete, list_open
from nuggets.services.edits import list_edit
from nuggets.services.versions import bank_freeze, version_freeze
from tests.factories import make_track
from tests.nuggets.factories import make_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


def weigh(row, number: int, importance: str):
    row.refresh_from_db()
    list_edit(
        topic_bank=row,
        kind=BankEdit.Kind.IMPORTANCE,
        edit=lambda before: edits.weigh(before, number, importance),
        actor=None,
        seen=row.revision,
    )


@pytest.mark.parametrize("name", ["", "  ", "x" * 151, "people"])
def test_a_bank_has_a_name_of_its_own(track, name):
    make_list(track, "a")
    with pytest.raises(DomainError):
        bank_create(track=track, name=name)


def test_a_copy_has_the_nuggets_that_count_and_knows_where_they_come_from(track):
    row = make_list(track, "a", "b", "c")
    list_edit(topic_bank=row, kind="retire", edit=lambda before: edits.retire(before, 2), actor=None, seen=row.revision)
    copy = bank_copy(bank=row.bank, name="edited")
    (copied,) = copy.topic_banks.all()
    shown = shown_list(copied).nuggets
    assert [(one.number, one.state.text, one.parents) for one in shown] == [(1, "a", ["a"]), (2, "c", ["c"])]
    assert (copy.made_from, copy.condition) == (row.bank, "manual")


def test_a_list_is_opened_once_and_only_for_topics_of_the_track(track):
    row = make_list(track, "a")
    assert list_open(bank=row.bank, topic=row.topic) == row
    other = make_list(make_track("other"), "a").topic
    with pytest.raises(DomainError):
        list_open(bank=row.bank, topic=other)


def test_a_frozen_version_is_what_is_scored_however_the_list_goes_on(track):
    row = make_list(track, "a", "b")
    version_freeze(topic_bank=row, actor=None)
    list_edit(topic_bank=row, kind="reword", edit=lambda before: edits.reword(before, 1, "x"), actor=None, seen=2)
    scored = scored_lists(row.bank)[row.topic_id]
    assert (scored.frozen, [one.text for one in scored.nuggets]) == (1, ["a", "b"])
    version_freeze(topic_bank=row, actor=None)
    scored = scored_lists(row.bank)[row.topic_id]
    assert (scored.frozen, [one.text for one in scored.nuggets]) == (2, ["x", "b"])


def test_freezing_is_refused_where_it_would_mean_nothing(track):
    row = make_list(track)
    with pytest.raises(DomainError, match="no nugget yet"):
        version_freeze(topic_bank=row, actor=None)
    row = make_list(track, "a", "b", qid="q2")
    weigh(row, 2, "")
    with pytest.raises(DomainError, match="nugget 2 has no importance"):
        version_freeze(topic_bank=row, actor=None)
    weigh(row, 2, "okay")
    row.refresh_from_db()
    with pytest.raises(DomainError, match="edited since"):
        version_freeze(topic_bank=row, actor=None, seen=row.revision - 1)
    version_freeze(topic_bank=row, actor=None, seen=row.revision)
    with pytest.raises(DomainError, match="Nothing has changed since version 1"):
        version_freeze(topic_bank=row, actor=None)


def test_a_bank_is_frozen_whole_or_not_at_all(track):
    first, second = make_list(track, "a"), make_list(track, "b", qid="q2")
    weigh(second, 1, "")
    with pytest.raises(DomainError, match="Topic q2"):
        bank_freeze(bank=first.bank, actor=None)
    assert not first.versions.exists()
    weigh(second, 1, "okay")
    assert len(bank_freeze(bank=first.bank, actor=None)) == 2
    with pytest.raises(DomainError, match="Nothing has changed"):
        bank_freeze(bank=first.bank, actor=None)


def test_the_database_itself_refuses_to_change_a_frozen_version(track):
    row = make_list(track, "a")
    version_freeze(topic_bank=row, actor=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        VersionNugget.objects.update(importance="okay")


def test_a_bank_that_somebody_worked_on_is_not_deleted(track):
    with pytest.raises(DomainError, match="edited"):
        bank_delete(bank=make_list(track, "a").bank)
    bank_delete(bank=bank_create(track=track, name="empty"))
    assert track.banks.count() == 1
