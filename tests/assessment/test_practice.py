"""The practice topic over HTTP: one press at a time, and nothing of it a judgment."""

import pytest
from django.urls import reverse

from assessment.domain.practice import practice_topic
from assessment.models import Judgment, JudgmentEvent, User
from tests.assessment.test_judging_views import queries_of
from tests.factories import make_duty, make_pool, make_track, make_user

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def as_bob(client, bob):
    client.force_login(bob)
    return client


def press(client, *presses, **data):
    for each in presses:
        reply = client.post(reverse("practice"), {"press": each, **data}, follow=True)
    return reply.content.decode()


def ours():
    """The presses of somebody who agrees with us throughout."""
    return [str(passage.grade) if passage.grade is not None else "cannot" for passage in practice_topic().passages]


def finish(client, answers):
    for answer in answers:
        page = press(client, answer, "next", reason="cut off")
    return page


def test_the_first_passage_comes_with_the_keys_of_the_judging_page_and_without_our_answer(as_bob):
    page = as_bob.get(reverse("practice")).content.decode()
    first = practice_topic().passages[0]
    assert "uncovered" in page and first.tip in page and first.why not in page
    for key in ("0", "1", "2", "3", "l", "x", "u", "?"):
        assert f'data-keys="{key}"' in page


def test_after_each_press_stand_both_grades_in_words_and_why(as_bob):
    page = press(as_bob, "1")
    assert "Stricter than ours." in page and practice_topic().passages[0].why in page
    assert press(as_bob, "undo", "3").count("The same as ours") == 1
    assert "More lenient than ours." in press(as_bob, "next", "2")


def test_whoever_agrees_throughout_is_told_so_at_the_end_and_is_not_invited_again(as_bob, bob):
    make_duty(make_pool(make_track()), bob)
    assert "New here? Two-minute practice" in as_bob.get(reverse("home")).content.decode()
    page = finish(as_bob, ours())
    assert "7 of 7 as we would" in page and "All the same." in page
    bob.refresh_from_db()
    assert bob.practised_at is not None
    home = as_bob.get(reverse("home")).content.decode()
    assert "New here?" not in home and reverse("practice") in home


def test_the_summary_says_where_one_was_stricter_and_where_more_lenient(as_bob):
    page = finish(as_bob, ["2", "0", "2", "2", "1", "0", "2"])
    assert "4 of 7 as we would" in page
    assert "Stricter than ours: 1." in page and "More lenient: 1." in page and "Only one of us could judge: 1." in page


def test_nothing_of_it_is_a_judgment(as_bob):
    finish(as_bob, ours())
    assert not Judgment.with_vigilance.exists() and not JudgmentEvent.objects.exists()


def test_who_skips_it_is_not_invited_again_and_can_still_come_back(as_bob, bob):
    press(as_bob, "1")
    reply = as_bob.post(reverse("practice"), {"press": "skip"})
    assert reply.url == reverse("home")
    bob.refresh_from_db()
    assert bob.practised_at is not None
    assert "uncovered" in as_bob.get(reverse("practice")).content.decode()


def test_the_first_time_counts(as_bob, bob):
    press(as_bob, "skip")
    first = User.objects.get(pk=bob.pk).practised_at
    finish(as_bob, ours())
    assert User.objects.get(pk=bob.pk).practised_at == first


def test_practising_again_begins_at_the_beginning(as_bob):
    finish(as_bob, ours())
    assert "0 of 7" in press(as_bob, "again")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("9", "grade of the scale"),
        ("next", "grade of the scale"),
        ("", "grade of the scale"),
        ("cannot", "few words"),
        ("undo", "nothing to undo"),
    ],
)
def test_a_press_that_does_not_fit_is_told_and_loses_nothing(as_bob, wrong, told):
    reply = as_bob.post(reverse("practice"), {"press": wrong})
    assert reply.status_code == 200 and told in reply.content.decode()
    assert "0 of 7" in as_bob.get(reverse("practice")).content.decode()


def test_a_session_that_does_not_fit_the_topic_any_more_begins_anew(as_bob):
    session = as_bob.session
    session["practice"] = ["7", "next", "nonsense"]
    session.save()
    assert "0 of 7" in as_bob.get(reverse("practice")).content.decode()


def test_the_script_gets_the_fragment_alone(as_bob):
    reply = as_bob.post(reverse("practice"), {"press": "3"}, headers=FRAGMENT)
    assert reply.content.decode().strip().startswith('<form class="desk" id="practice"')
    gone = as_bob.post(reverse("practice"), {"press": "skip"}, headers=FRAGMENT)
    assert gone.headers["HX-Redirect"] == reverse("home")


def test_a_press_takes_few_queries(as_bob):
    press(as_bob, "3")
    assert len(queries_of(lambda: as_bob.get(reverse("practice")))) <= 2


@pytest.mark.parametrize("username", ["charlie", "boss"])
def test_everybody_with_an_account_may_practise_and_only_assessors_are_invited(client, username):
    client.force_login(make_user(username, is_staff=username == "boss"))
    assert client.get(reverse("practice")).status_code == 200
    assert "New here?" not in client.get(reverse("home")).content.decode()


def test_without_a_login_one_is_asked_for(client, db):
    assert client.get(reverse("practice")).url.startswith(reverse("login"))
    assert client.post(reverse("practice"), {"press": "skip"}).url.startswith(reverse("login"))
