import pytest

from assessment.domain.errors import DomainError
from assessment.domain.scales import GradeSpec
from assessment.models import Collection, Membership, Role, Track
from assessment.services.tracks import track_create, track_update

YES_NO = (GradeSpec(0, "n", "no"), GradeSpec(1, "y", "yes"))


def test_the_creator_of_a_track_organizes_it(alice):
    track = track_create(slug="dl21", name="Deep Learning 2021", scale=range(4), created_by=alice)
    assert Membership.objects.get(track=track).role == Role.ORGANIZER
    assert [grade.value for grade in track.grades.all()] == [0, 1, 2, 3]


def test_a_track_made_by_a_command_has_nobody_yet(db):
    track = track_create(slug="dl21", name="", scale=YES_NO)
    assert not track.memberships.exists()
    assert track.name == "dl21"


def test_a_new_track_reuses_the_documents_that_outlived_an_older_one(db):
    collection = Collection.objects.create(slug="dl21")
    assert track_create(slug="dl21", name="again", scale=YES_NO).collection == collection


@pytest.mark.parametrize("slug", ["", "two words", "new", "a/b", "x" * 61, "small"])
def test_a_bad_or_taken_short_name_is_refused_and_nothing_is_stored(track, slug):
    with pytest.raises(DomainError):
        track_create(slug=slug, name="Another", scale=YES_NO)
    assert Track.objects.count() == 1
    assert Collection.objects.count() == 1


def test_the_threshold_must_be_a_grade(db):
    with pytest.raises(DomainError, match="Relevant from"):
        track_create(slug="dl21", name="x", scale=YES_NO, relevant_from=2)
    assert not Track.objects.exists()


def test_an_update_changes_what_it_is_given_and_nothing_else(track):
    track_update(track=track, name="New name", relevant_from=2)
    stored = Track.objects.get(pk=track.pk)
    assert (stored.name, stored.relevant_from, stored.guidelines) == ("New name", 2, "Be fair.")
    assert stored.grades.count() == 4


def test_keys_may_be_swapped(track):
    swapped = [GradeSpec(0, "1", "no"), GradeSpec(1, "0", "yes")]
    track_update(track=track, scale=swapped)
    assert list(track.grades.values_list("value", "key")) == [(0, "1"), (1, "0")]


def test_a_grade_in_use_cannot_be_lost(track, nist):
    with pytest.raises(DomainError, match="use grade 2, 3"):
        track_update(track=track, scale=YES_NO)
    assert track.grades.count() == 4


def test_a_grade_that_nobody_gave_may_go(track, nist):
    without_one = [GradeSpec(0, "0", "no"), GradeSpec(2, "2", "yes"), GradeSpec(3, "3", "very")]
    track_update(track=track, scale=without_one, relevant_from=2)
    assert track.grades.count() == 3


def test_a_scale_that_loses_the_threshold_is_refused(track):
    track_update(track=track, relevant_from=3)
    with pytest.raises(DomainError, match="Relevant from"):
        track_update(track=track, scale=YES_NO)
