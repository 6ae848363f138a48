"""Scores of a topic while nuggets are switched off: worked by hand."""

import pytest
from django.test import Client
from django.urls import reverse

from assessment.models import Role
from assessment.services.people import member_set
from nuggets.models import NuggetDuty, NuggetTask, TopicBank
from nuggets.selectors.score_strip import score_strip, strip_assessors
from tests.factories import make_assessor, make_track, make_user
from tests.nuggets.test_nugget_imports import an_answer, load

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    """Two nuggets, and the labels of runs a and b."""
    track = make_track()
    ours, theirs = ("support", "not_support"), ("partial_support", "support")
    load(track, an_answer(run="a", labels=ours), an_answer(run="b", labels=theirs))
    return TopicBank.objects.get()


def weigh_both(row):
    row.nuggets.update(importance="vital")


def test_switching_a_nugget_off_moves_the_scores_and_their_order(row):
    weigh_both(row)
    (assessor,) = strip_assessors(row)
    strip = score_strip(row, assessor, ())
    assert [(one.tag, one.before, one.after) for one in strip.rows] == [("a", 0.5, 0.5), ("b", 0.5, 0.5)]
    strip = score_strip(row, assessor, {1})
    assert [(one.tag, one.before, one.after) for one in strip.rows] == [("b", 0.5, 1.0), ("a", 0.5, 0.0)]
    assert (strip.on, strip.off, strip.before, strip.after) == ([2], [1], 0.5, 0.5)


def test_without_a_vital_nugget_there_is_no_score(row):
    (assessor,) = strip_assessors(row)
    weigh_both(row)
    strip = score_strip(row, assessor, {1, 2})
    assert [one.after for one in strip.rows] == [None, None]
    assert (strip.after, strip.tau) == (None, None)


def test_it_is_read_in_a_fixed_number_of_queries(row, django_assert_num_queries):
    (assessor,) = strip_assessors(row)
    with django_assert_num_queries(3):
        score_strip(row, assessor, ())


def test_only_those_who_may_see_runs_and_labels_get_it(row):
    (assessor,) = strip_assessors(row)
    track, found = row.bank.track, {}
    bob = make_assessor(track, make_user("bob"))
    NuggetDuty.objects.create(topic_bank=row, task=NuggetTask.EDIT, assessor=bob)
    member_set(track=track, user=make_user("alice"), role=Role.ORGANIZER, by=None)
    for name in ("alice", "bob"):
        client = Client()
        client.force_login(bob.user if name == "bob" else track.memberships.get(user__username=name).user)
        page = client.get(reverse("edit_bank", args=[row.pk])).text
        url = reverse("edit_bank_strip", args=[row.pk])
        found[name] = ("Labels of" in page, client.get(url, {"assessor": assessor.pk, "off": "1 x"}).status_code)
    assert found == {"alice": (True, 200), "bob": (False, 404)}
