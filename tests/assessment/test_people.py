import pytest
from django.contrib.admin.models import LogEntry

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment, Membership, Role, User
from assessment.services.people import account_create, assessor_ensure, member_remove, member_set


def test_an_assessor_gets_an_assessor_row_named_as_the_account(track, bob):
    assessor = Assessor.objects.get(track=track, user=bob)
    assert (assessor.name, assessor.kind) == ("bob", Assessor.Kind.HUMAN)


def test_a_viewer_gets_none(track, vera):
    assert not Assessor.objects.filter(user=vera).exists()


def test_a_role_given_again_keeps_the_assessor_row(track, alice, bob, assessor_bob):
    member_remove(track=track, user=bob, by=alice)
    member_set(track=track, user=bob, role=Role.ASSESSOR, by=alice)
    assert Assessor.objects.get(user=bob) == assessor_bob


def test_withdrawing_a_role_keeps_the_judgments(track, alice, bob, assessor_bob, topics, documents):
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=2)
    member_remove(track=track, user=bob, by=alice)
    assert not Membership.objects.filter(user=bob).exists()
    assert Judgment.objects.filter(assessor=assessor_bob).count() == 1


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.VIEWER])
def test_the_last_organizer_cannot_be_demoted(track, alice, role):
    with pytest.raises(DomainError, match="only organizer"):
        member_set(track=track, user=alice, role=role, by=alice)
    assert Membership.objects.get(user=alice).role == Role.ORGANIZER


def test_the_last_organizer_cannot_be_removed(track, alice):
    with pytest.raises(DomainError, match="only organizer"):
        member_remove(track=track, user=alice, by=alice)


def test_with_a_second_organizer_the_first_may_go(track, alice, bob):
    member_set(track=track, user=bob, role=Role.ORGANIZER, by=alice)
    member_remove(track=track, user=alice, by=bob)
    assert not Membership.objects.filter(user=alice).exists()


def test_removing_somebody_who_is_not_there_is_said(track, alice, charlie):
    with pytest.raises(DomainError, match="no role"):
        member_remove(track=track, user=charlie, by=alice)


def test_an_unknown_role_is_refused(track, alice, bob):
    with pytest.raises(DomainError, match="There is no role"):
        member_set(track=track, user=bob, role="owner", by=alice)


def test_a_name_that_a_judge_has_is_refused(track, judge, alice):
    lexical = User.objects.create(username="lexical")
    with pytest.raises(DomainError, match="another username"):
        member_set(track=track, user=lexical, role=Role.ASSESSOR, by=alice)
    assert not Membership.objects.filter(user=lexical).exists()


def test_an_organizer_may_judge_too(track, alice):
    assert assessor_ensure(track=track, user=alice) == assessor_ensure(track=track, user=alice)


def test_the_log_says_who_gave_the_role(track, alice, vera):
    member_set(track=track, user=vera, role=Role.ASSESSOR, by=alice)
    entry = LogEntry.objects.first()
    assert (entry.user, entry.change_message) == (alice, "vera: assessor")


def test_a_new_account_logs_in_with_its_one_time_password(client, db):
    user, password = account_create(username="dora", full_name="Dora Maar")
    assert client.login(username="dora", password=password)
    assert user.get_full_name() == "Dora Maar"
    assert not user.is_staff
    assert password not in user.password


@pytest.mark.parametrize("username", ["", "two words", "bob", "BOB"])
def test_a_bad_or_taken_username_is_refused(bob, username):
    with pytest.raises(DomainError):
        account_create(username=username)
    assert User.objects.count() == 1
