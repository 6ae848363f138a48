"""Who edits and who assigns which topics: given, closed, reopened, removed, and found on the first page."""

import pytest
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Membership, Role
from nuggets.models import BankEdit, BankVersion, NuggetDuty, TopicBank, VersionNugget
from nuggets.selectors.duties import nugget_duty_progress, nugget_work_of_user
from nuggets.services.duties import (
    nugget_duties_give,
    nugget_duty_close,
    nugget_duty_create,
    nugget_duty_delete,
    nugget_duty_reopen,
)
from tests.factories import make_assessor, make_judge, make_track, make_user
from tests.nuggets.factories import assign, make_answer, make_topic, make_topic_bank, reword, wordings_of
from tests.nuggets.test_answer_views import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def topic_bank(track):
    return make_topic_bank(make_topic(track))


@pytest.fixture
def bob(track):
    return make_assessor(track, make_user("bob"))


@pytest.fixture
def organizer(track):
    return client_of(track, "alice", Role.ORGANIZER)


@pytest.fixture
def duty(topic_bank, bob):
    return nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign")


def test_all_topics_of_a_bank_are_given_and_the_same_again_changes_nothing(track, topic_bank, bob):
    make_topic_bank(make_topic(track, "q2", 2))
    given = {"bank": topic_bank.bank, "topics": None, "task": "assign", "assessor": bob}
    assert [nugget_duties_give(**given), nugget_duties_give(**given)] == [2, 0]
    with pytest.raises(DomainError, match="under other terms"):
        nugget_duties_give(**given, hides_importance=True)


def test_a_topic_without_a_list_gets_an_empty_one_to_edit_and_cannot_be_assigned(track, topic_bank, bob):
    new = make_topic(track, "q2", 2)
    with pytest.raises(DomainError, match="no nuggets for topic q2"):
        nugget_duties_give(bank=topic_bank.bank, topics=[new], task="assign", assessor=bob)
    assert nugget_duties_give(bank=topic_bank.bank, topics=[new], task="edit", assessor=bob) == 1
    assert TopicBank.objects.get(topic=new).nuggets.count() == 0


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"condition": "post_edit"}, "Name whose labels"),
        ({"condition": "filtered"}, "manual or post-edit"),
        ({"task": "read"}, "no task “read”"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(topic_bank, bob, terms, sentence):
    with pytest.raises(DomainError, match=sentence):
        nugget_duty_create(**{"topic_bank": topic_bank, "assessor": bob, "task": "assign", **terms})


def test_suggestions_are_for_post_edit_and_somebody_elses(topic_bank, bob, track):
    with pytest.raises(DomainError, match="leave their source empty"):
        nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign", suggestion_source=make_judge(track))
    terms = {"task": "assign", "condition": "post_edit", "suggestion_source": bob}
    with pytest.raises(DomainError, match="his or her own"):
        nugget_duty_create(topic_bank=topic_bank, assessor=bob, **terms)


def test_duties_are_for_people_of_the_track(topic_bank, bob, track):
    with pytest.raises(DomainError, match="not a person"):
        nugget_duty_create(topic_bank=topic_bank, assessor=make_judge(track), task="assign")
    Membership.objects.filter(user=bob.user).update(role=Role.VIEWER)
    with pytest.raises(DomainError, match="set the role first"):
        nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign")


def test_the_condition_of_editing_is_the_banks(track, bob):
    by_hand = make_topic_bank(make_topic(track), name="by hand", condition="manual")
    by_llm = make_topic_bank(by_hand.topic, name="by llm", condition="auto_edited")
    duties = [nugget_duty_create(topic_bank=each, assessor=bob, task="edit") for each in (by_hand, by_llm)]
    assert [duty.condition for duty in duties] == ["manual", "post_edit"]


def test_a_duty_is_removed_only_while_nothing_is_done(duty, topic_bank, bob):
    answer = make_answer(topic_bank.topic)
    label = assign(bob, answer, wordings_of(topic_bank)[0], "support", condition="manual")
    with pytest.raises(DomainError, match="given 1 label for topic q1"):
        nugget_duty_delete(duty=duty)
    label.delete()
    nugget_duty_delete(duty=duty)
    assert not NuggetDuty.objects.exists()


def test_an_edit_keeps_its_duty(topic_bank, bob):
    editing = nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="edit")
    BankEdit.objects.create(topic_bank=topic_bank, number=1, kind="add", changes={}, actor=bob.user)
    with pytest.raises(DomainError, match="made 1 edit"):
        nugget_duty_delete(duty=editing)


def test_what_was_labelled_without_suggestions_cannot_go_on_with_them(duty, topic_bank, bob, track):
    label = assign(bob, make_answer(topic_bank.topic), wordings_of(topic_bank)[0], "support", condition="manual")
    duty.delete()
    terms = {"task": "assign", "condition": "post_edit", "suggestion_source": make_judge(track)}
    with pytest.raises(DomainError, match="under another condition"):
        nugget_duty_create(topic_bank=topic_bank, assessor=bob, **terms)
    label.delete()
    assert nugget_duty_create(topic_bank=topic_bank, assessor=bob, **terms).suggestion_source.name == "lexical"


def test_a_closed_duty_is_reopened_with_a_word(duty):
    assert nugget_duty_close(duty=duty).closed_at is not None
    reopened = nugget_duty_reopen(duty=duty, message=" look again ")
    assert (reopened.closed_at, reopened.message) == (None, "look again")
    with pytest.raises(DomainError, match="open already"):
        nugget_duty_reopen(duty=duty)


def test_progress_counts_labels_of_the_list_as_it_stands_and_as_it_is_frozen(duty, topic_bank, bob):
    first, second = wordings_of(topic_bank)
    answers = [make_answer(topic_bank.topic, tag) for tag in ("r1", "r2")]
    for answer, wording in ((answers[0], first), (answers[0], second), (answers[1], first)):
        assign(bob, answer, wording, "support")
    stand = nugget_duty_progress([duty])[0]
    assert (stand.frozen, stand.labels, stand.total, stand.done, stand.answers) == (None, 3, 4, 1, 2)
    reword(first.nugget, "light is scattered")
    assert (nugget_duty_progress([duty])[0].labels, nugget_duty_progress([duty])[0].done) == (1, 0)
    version = BankVersion.objects.create(topic_bank=topic_bank, number=1, revision=0)
    VersionNugget.objects.create(version=version, wording=first, position=1, importance="vital")
    frozen = nugget_duty_progress([duty])[0]
    assert (frozen.frozen, frozen.labels, frozen.total, frozen.done, frozen.finished) == (1, 2, 2, 2, True)


def test_the_work_of_a_person_takes_two_queries_and_one_where_there_is_none(
    track, topic_bank, bob, django_assert_num_queries
):
    make_topic_bank(make_topic(track, "q2", 2), name="other")
    for bank in track.banks.all():
        nugget_duties_give(bank=bank, topics=None, task="assign", assessor=bob)
    bob.user.is_staff = True
    with django_assert_num_queries(2):
        assert [work.bank.name for work in nugget_work_of_user(bob.user)] == ["bank", "other"]
    nobody = make_user("nobody", is_staff=True)
    with django_assert_num_queries(1):
        assert nugget_work_of_user(nobody) == []


def test_the_first_page_offers_the_duty_and_not_to_who_has_lost_the_role(client, duty, bob, topic_bank):
    make_answer(topic_bank.topic)
    client.force_login(bob.user)
    page = client.get(reverse("home")).text
    assert "Assign bank" in page and "of 1 answers assigned" in page
    assert "Nothing is assigned to you yet" not in page
    Membership.objects.filter(user=bob.user).delete()
    assert "Assign bank" not in client.get(reverse("home")).text


def test_the_form_gives_topics_and_the_table_shows_them(organizer, topic_bank, bob):
    address = reverse("nugget_duties", args=["small"])
    data = {"bank": topic_bank.bank_id, "person": bob.user_id, "task": "assign", "condition": "manual"}
    page = organizer.post(address, data, follow=True)
    assert "bob has 1 new duty." in page.text
    duty = NuggetDuty.objects.get()
    assert (duty.topic_bank, duty.assessor, duty.condition) == (topic_bank, bob, "manual")
    again = organizer.post(address, data | {"hides_importance": "on"})
    assert "under other terms" in again.text


def test_the_buttons_close_reopen_and_remove(organizer, duty, track):
    address = reverse("nugget_duty_change", args=["small", duty.pk])
    assert "closed for bob" in organizer.post(address, {"action": "close"}, follow=True).text
    organizer.post(address, {"action": "reopen", "message": "two are missing"})
    assert NuggetDuty.objects.get().message == "two are missing"
    organizer.post(address, {"action": "remove"})
    assert not NuggetDuty.objects.exists()


def test_a_duty_of_another_track_is_not_found_and_neither_is_an_unknown_action(organizer, duty):
    make_track("other")
    assert (
        organizer.post(reverse("nugget_duty_change", args=["other", duty.pk]), {"action": "close"}).status_code == 404
    )
    assert organizer.post(reverse("nugget_duty_change", args=["small", duty.pk]), {"action": "x"}).status_code == 404


def test_only_organizers_change_duties(track, duty):
    address = reverse("nugget_duty_change", args=["small", duty.pk])
    refused = [client_of(track, name, role).post(address, {"action": "close"}).status_code
               for name, role in (("carol", Role.ASSESSOR), ("vera", Role.VIEWER))]  # fmt: skip
    assert refused == [404, 404]


def test_without_a_bank_the_page_says_what_comes_first(organizer):
    assert "A bank comes first" in organizer.get(reverse("nugget_duties", args=["small"])).text
