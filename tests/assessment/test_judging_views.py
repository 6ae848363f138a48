"""The judging page over HTTP: what it shows, what it hides, and how it answers a save."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessment.models import Condition, Document, Judgment, JudgmentEvent, Membership, Reveal
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track())


@pytest.fixture
def duty(pool, bob):
    return make_duty(pool, bob)


@pytest.fixture
def judge(pool):
    return make_judge(pool.track)


@pytest.fixture
def as_bob(client, bob):
    client.force_login(bob)
    return client


def item_url(name, duty, place=1):
    return reverse(name, args=[duty.pk, duty.pool.items.get(position=place).pk])


def save(client, duty, place=1, headers=JSON, **data):
    data = {"idempotency_key": uuid4(), **data}
    return client.post(item_url("judgment_save", duty, place), data, headers=headers)


def queries_of(act) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(frame)]


@pytest.mark.parametrize(
    ("url", "linked"),
    [("https://example.org/a?b=1", True), ("HTTP://example.org", True), ("javascript:alert(1)", False), ("", False)],
)
def test_only_a_web_address_becomes_a_link_to_the_source(as_bob, duty, url, linked):
    Document.objects.filter(pk=duty.pool.items.get(position=1).document_id).update(url=url)
    page = as_bob.get(item_url("duty_item", duty)).content.decode()
    assert ("source ↗" in page) == linked
    assert "javascript:" not in page


def test_the_page_opens_at_the_first_unjudged_passage(as_bob, duty):
    save(as_bob, duty, 1, grade=2)
    page = as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert "This is passage number 2." in page and "This is passage number 1." not in page
    assert 'max="5" value="1"' in page


def test_a_passage_that_was_put_off_comes_at_the_end(as_bob, duty):
    save(as_bob, duty, 1, state="skipped")
    for place in (2, 3, 4, 5):
        save(as_bob, duty, place, grade=0)
    assert "This is passage number 1." in as_bob.get(reverse("duty", args=[duty.pk])).content.decode()


def test_when_all_is_judged_the_page_says_what_to_do_next(as_bob, duty, bob):
    other = make_duty(make_pool(duty.pool.track, qid="q2"), bob)
    for place in range(1, 6):
        save(as_bob, duty, place, grade=0)
    page = as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert 'id="finished-total">5<' in page and reverse("duty", args=[other.pk]) in page


def test_words_of_the_query_are_marked_and_the_rest_is_escaped(as_bob, duty):
    document = duty.pool.items.get(position=1).document
    document.text = "<script>alert(1)</script> Why the SKY & sea?"
    document.save()
    page = as_bob.get(item_url("duty_item", duty)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Why the <mark>SKY</mark> &amp; sea?" in page


def test_a_document_without_text_says_so_and_can_be_graded(as_bob, duty):
    document = duty.pool.items.get(position=1).document
    document.title, document.text = "", None
    document.save()
    assert "known by its id only" in as_bob.get(item_url("duty_item", duty)).content.decode()
    assert save(as_bob, duty, grade=1).json()["item"]["grade"] == 1


def test_guidelines_are_markdown_without_scripts(as_bob, duty):
    track = duty.pool.track
    track.guidelines = "Be *fair*. <script>alert(1)</script> [x](javascript:alert(1))"
    track.save()
    page = as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert "<em>fair</em>" in page and "<script>alert" not in page and 'href="javascript' not in page


def test_a_save_answers_with_progress_and_the_passage_that_was_wanted(as_bob, duty):
    third = duty.pool.items.get(position=3)
    reply = save(as_bob, duty, grade=2, want=third.pk).json()
    assert reply["item"]["grade"] == 2 and reply["progress"] == {"done": 1, "total": 5}
    assert reply["wanted"]["id"] == third.pk and "This is passage number 3." in reply["wanted"]["html"]


def test_a_passage_of_another_duty_is_not_handed_out(as_bob, duty):
    foreign = make_pool(make_track("other"), qid="q9").items.first()
    assert save(as_bob, duty, grade=2, want=foreign.pk).json()["wanted"] is None
    assert as_bob.get(reverse("duty_item", args=[duty.pk, foreign.pk])).status_code == 404


@pytest.mark.parametrize("condition", [Condition.MANUAL, Condition.POST_EDIT])
def test_save_and_next_takes_seven_queries(as_bob, pool, bob, judge, condition):
    duty = make_duty(pool, bob, condition, source=judge)
    for item in pool.items.all():
        suggest(judge, item, 2)
    want = pool.items.get(position=2).pk
    url = item_url("judgment_save", duty)

    def act(grade):
        as_bob.post(url, {"idempotency_key": uuid4(), "grade": grade, "want": want}, headers=JSON)

    first, again = queries_of(lambda: act(2)), queries_of(lambda: act(3))
    assert (len(first), len(again)) == (7, 7), "\n".join(first)


def test_the_page_takes_as_many_queries_for_a_large_pool(as_bob, bob, pool):
    small, large = make_duty(pool, bob), make_duty(make_pool(pool.track, size=40, qid="q2"), bob)
    counts = [len(queries_of(lambda duty=duty: as_bob.get(reverse("duty", args=[duty.pk])))) for duty in (small, large)]
    assert counts[0] == counts[1] <= 10


def test_a_repeated_save_stores_one_judgment(as_bob, duty):
    key = uuid4()
    replies = [save(as_bob, duty, grade=2, idempotency_key=key).json()["item"] for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    assert Judgment.objects.count() == JudgmentEvent.objects.count() == 1


def test_a_refused_save_says_why_and_stores_nothing(as_bob, duty):
    reply = save(as_bob, duty, grade=9)
    assert reply.status_code == 409 and "scale" in reply.json()["error"]
    assert not Judgment.objects.exists()


def test_a_save_without_a_key_is_refused(as_bob, duty):
    assert save(as_bob, duty, grade=1, idempotency_key="").status_code == 409


def test_undo_over_http(as_bob, duty):
    save(as_bob, duty, grade=2)
    reply = as_bob.post(item_url("judgment_undo", duty), {"idempotency_key": uuid4()}, headers=JSON).json()
    assert reply["item"]["state"] == "" and reply["progress"]["done"] == 0


def test_without_javascript_a_grade_leads_to_the_next_passage(as_bob, duty):
    reply = save(as_bob, duty, headers={}, grade=2)
    assert reply.url == item_url("duty_item", duty, 2)
    assert Judgment.objects.get().grade == 2


def test_without_javascript_the_last_grade_leads_to_the_end(as_bob, duty):
    for place in (1, 2, 3, 4):
        save(as_bob, duty, place, grade=0)
    assert save(as_bob, duty, 5, headers={}, grade=1).url == reverse("duty", args=[duty.pk])


def test_without_javascript_a_refusal_is_told_on_the_page(as_bob, duty):
    reply = as_bob.post(item_url("judgment_save", duty), {"idempotency_key": uuid4(), "grade": 9}, follow=True)
    assert "9 is not on this track" in reply.content.decode()


def test_without_javascript_undo_stays_on_the_passage(as_bob, duty):
    save(as_bob, duty, grade=2)
    reply = as_bob.post(item_url("judgment_undo", duty), {"idempotency_key": uuid4()})
    assert reply.url == item_url("duty_item", duty) and not Judgment.objects.exists()


def seen_by(client, duty) -> str:
    """All that the server sends for the first passage: the page, the fragment, and the reply that carries it."""
    first = duty.pool.items.get(position=1)
    page = client.get(reverse("duty_item", args=[duty.pk, first.pk]))
    fragment = client.get(reverse("duty_item", args=[duty.pk, first.pk]), headers={"HX-Request": "true"})
    reply = save(client, duty, 2, grade=0, want=first.pk)
    return page.content.decode() + fragment.content.decode() + reply.json()["wanted"]["html"]


@pytest.mark.parametrize(
    ("condition", "reveal"),
    [("manual", "never"), ("filtered", "never"), ("post_edit", "commit_then_reveal")],
)
def test_a_hidden_suggestion_never_reaches_the_browser(as_bob, pool, bob, judge, condition, reveal):
    duty = make_duty(pool, bob, condition, reveal, judge)
    suggest(judge, pool.items.get(position=1), 2, confidence=0.8123)
    seen = seen_by(as_bob, duty)
    assert "data-suggestion" not in seen and "suggested" not in seen and "0.81" not in seen
    assert "expected grade" not in seen and "clearly" not in seen
    if reveal == "never":
        assert judge.name not in seen


def test_runs_and_ranks_never_reach_the_browser(as_bob, duty):
    duty.pool.items.update(best_rank=77777, run_ids=[88888], ranks=[77777])
    seen = seen_by(as_bob, duty)
    assert "77777" not in seen and "88888" not in seen


def test_post_edit_shows_the_suggestion_with_its_confidence(as_bob, pool, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    suggest(judge, pool.items.get(position=1), 2)
    seen = seen_by(as_bob, duty)
    assert seen.count('data-suggestion="2"') == 3 and "0.71" in seen and judge.name in seen
    # 0.71 on grade 2, the rest evenly on 0, 1 and 3: 1.42 + 4 · 0.29 / 3.
    assert seen.count('expected grade <span class="num">1.8</span>, clearly 2') == 3


def test_commit_then_reveal_shows_the_suggestion_after_the_own_grade(as_bob, pool, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL, judge)
    first = pool.items.get(position=1)
    suggest(judge, first, 2)
    reply = save(as_bob, duty, grade=1, want=first.pk).json()
    assert 'data-suggestion="2"' in reply["wanted"]["html"]


def test_a_suggestion_that_has_not_come_is_awaited(as_bob, pool, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    url = item_url("duty_item", duty)
    assert "No suggestion yet" in as_bob.get(url, headers={"HX-Request": "true"}).content.decode()
    suggest(judge, pool.items.get(position=1), 2)
    assert 'data-suggestion="2"' in as_bob.get(url, headers={"HX-Request": "true"}).content.decode()


def test_a_filtered_pool_leaves_out_what_the_judge_graded_zero(as_bob, pool, bob, judge):
    duty = make_duty(pool, bob, Condition.FILTERED, source=judge)
    first, second = pool.items.filter(position__lte=2)
    suggest(judge, first, 0)
    suggest(judge, second, 1)
    page = as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert 'max="4" value="0"' in page and f'data-id="{first.pk}"' not in page
    assert f'data-id="{second.pk}"' in page and "This is passage number 2." in page
    assert as_bob.get(reverse("duty_item", args=[duty.pk, first.pk])).status_code == 404


@pytest.mark.parametrize("username", ["charlie", "dora", "boss"])
def test_a_duty_of_somebody_else_does_not_exist(client, duty, username):
    """charlie is nobody here, dora another assessor of the very topic, boss the site's administrator."""
    user = make_user(username, is_staff=username == "boss")
    if username == "dora":
        make_duty(duty.pool, user)
    client.force_login(user)
    for name in ("duty_item", "judgment_save", "judgment_undo"):
        ask = client.get if name == "duty_item" else client.post
        assert ask(item_url(name, duty), {"idempotency_key": uuid4(), "grade": 1}).status_code == 404
    assert client.get(reverse("duty", args=[duty.pk])).status_code == 404
    assert not Judgment.objects.exists()


def test_who_lost_the_role_may_not_save(as_bob, duty):
    Membership.objects.filter(user=duty.assessor.user).delete()
    assert save(as_bob, duty, grade=1).status_code == 404


def test_without_a_login_one_is_asked_for(client, duty):
    assert client.get(reverse("duty", args=[duty.pk])).url.startswith(reverse("login"))
    assert save(client, duty, grade=1).url.startswith(reverse("login"))
