"""The list of a duty's passages over HTTP: who opens it, what it shows and hides, and how it answers."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from assessment.models import Condition, Document, Duty, Judgment, Order, PoolItem, Reveal
from assessment.selectors.duty_list import RowFilter, duty_list
from assessment.services.people import member_set
from tests.assessment.test_judging_views import queries_of
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
GRADES = [1, 2, 3, 1, 2]


def judged_pool(size=5, slug="small"):
    pool = make_pool(make_track(slug), size=size)
    judge = make_judge(pool.track)
    for place, item in enumerate(pool.items.order_by("position")):
        suggest(judge, item, GRADES[place % 5], confidence=0.5 + (place % 5) / 10)
    return pool, judge


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def duty(bob):
    pool, judge = judged_pool()
    return make_duty(pool, bob, Condition.POST_EDIT, source=judge)


@pytest.fixture
def as_bob(client, bob):
    client.force_login(bob)
    return client


def address(duty):
    return reverse("duty_list", args=[duty.pk])


def labels_of(duty, places=range(1, 6)):
    items = duty.pool.items.filter(position__in=places).order_by("position")
    return " ".join(f"{item.pk}:{GRADES[item.position - 1]}" for item in items)


def accept(client, duty, headers=JSON, **data):
    sent = {"labels": labels_of(duty), "reason": "All read.", "idempotency_key": uuid4()} | data
    return client.post(reverse("suggestions_accept", args=[duty.pk]), sent, headers=headers)


def titles(page):
    return re.findall(r'<h2 dir="auto"><a [^>]*>([^<]+)', page.content.decode())


def shown(duty, **fields):
    return [row.number for row in duty_list(duty, RowFilter(**fields)).rows]


def plant(duty):
    """A passage that nobody can tell from the others, in the middle of the list by its lot."""
    document = Document.objects.create(
        collection=duty.pool.track.collection,
        docid="q1-d6",
        title="Passage 6 of q1",
        text="This is passage number 6. The sky scatters light.",
    )
    return PoolItem.with_planted.create(
        pool=duty.pool, topic=duty.topic, document=document, position=3, best_rank=3, lot=3, run_ids=[1], ranks=[3],
        planted_for=duty, planted={"grade": 1, "confidence": 0.6, "distribution": None}, trusted_grade=3,
        trusted_by=make_judge(duty.pool.track, "trusted-one"),
    )  # fmt: skip


def test_each_row_has_number_title_text_suggestion_confidence_and_the_own_grade(as_bob, duty):
    Judgment.objects.create(
        assessor=duty.assessor, topic=duty.topic, document=duty.pool.items.get(position=2).document, grade=0
    )
    page = as_bob.get(address(duty)).content.decode()
    assert titles(as_bob.get(address(duty))) == [f"Passage {place} of q1" for place in range(1, 6)]
    assert "This is passage number 2." in page and "0.70" in page and "yours 0" in page
    assert page.count("unjudged</span>") == 4 and "Accept the" in page


def test_a_passage_without_text_says_so(as_bob, duty):
    Document.objects.filter(pk=duty.pool.items.get(position=1).document_id).update(text=None, title="")
    assert "No text is loaded" in as_bob.get(address(duty)).content.decode()


def test_titles_and_texts_are_escaped(as_bob, duty):
    document = duty.pool.items.get(position=1).document
    Document.objects.filter(pk=document.pk).update(title="<b>x</b>", text="<script>alert(1)</script>")
    page = as_bob.get(address(duty)).content.decode()
    assert "<script>alert" not in page and "&lt;b&gt;x&lt;/b&gt;" in page


def test_the_filters_combine_and_leave_the_numbers(duty):
    first = duty.pool.items.get(position=1)
    Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=first.document, grade=0)
    assert shown(duty) == [1, 2, 3, 4, 5]
    assert shown(duty, suggested=1) == [1, 4]
    assert shown(duty, suggested=1, unjudged=True) == [4]
    assert shown(duty, at_least=0.7) == [3, 4, 5] and shown(duty, at_most=0.7) == [1, 2, 3]
    assert shown(duty, at_least=0.6, at_most=0.8, suggested=2) == [2]
    assert shown(duty, words="NUMBER 4") == [4] and shown(duty, words="q1-d5") == [5]
    assert shown(duty, words="of q1") == [1, 2, 3, 4, 5] and shown(duty, words="100%_") == []


def test_a_label_without_a_confidence_is_in_no_range_of_confidences(duty):
    Judgment.objects.filter(assessor=duty.suggestion_source).update(confidence=None)
    assert shown(duty) == [1, 2, 3, 4, 5] and shown(duty, at_most=1) == [] and shown(duty, at_least=0) == []


def test_the_progress_is_of_the_whole_duty_whatever_is_shown(duty):
    first = duty.pool.items.get(position=1)
    Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=first.document, grade=0)
    assert duty_list(duty, RowFilter(words="number 4")).progress == (1, 5)


@pytest.mark.parametrize(
    "asked", [{"suggested": "9"}, {"suggested": "x"}, {"at_least": "2"}, {"at_most": "nan"}, {"words": "\0"}]
)
def test_a_filter_that_cannot_be_read_shows_nothing_and_says_why(as_bob, duty, asked):
    page = as_bob.get(address(duty), asked)
    assert page.status_code == 200 and titles(page) == [] and "file-errors" in page.content.decode()


def test_the_fragment_is_the_rows_alone(as_bob, duty):
    fragment = as_bob.get(address(duty), {"suggested": "2"}, headers={"HX-Request": "true"})
    assert fragment.content.decode().strip().startswith('<section class="listed" id="listed"')
    assert titles(fragment) == ["Passage 2 of q1", "Passage 5 of q1"]


def test_the_list_takes_as_many_queries_for_a_large_pool(as_bob, bob, duty):
    pool, judge = judged_pool(40, "large")
    large = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    counts = [len(queries_of(lambda each=each: as_bob.get(address(each)))) for each in (duty, large)]
    assert counts[0] == counts[1] <= 7


def test_planted_passages_are_rows_like_all_others(as_bob, duty):
    item = plant(duty)
    page = as_bob.get(address(duty)).content.decode()
    assert len(re.findall(r'<li class="list-row"', page)) == 6
    for word in ("vigilance", "planted", "trusted"):
        assert word not in page
    rows = re.findall(r'<li class="list-row".*?</li>', page, re.DOTALL)
    planted = next(row for row in rows if str(item.pk) in row)
    other = next(row for row in rows if str(duty.pool.items.get(position=2).pk) in row)
    assert shape(planted) == shape(other)


def shape(row):
    """The row with all that may differ between any two passages taken out."""
    return re.sub(r"\d+", "#", row)


def test_a_planted_passage_counts_and_is_accepted_as_an_answer(as_bob, duty):
    item = plant(duty)
    reply = accept(as_bob, duty, labels=f"{labels_of(duty)} {item.pk}:1").json()
    assert len(reply["accepted"]) == 6 and reply["progress"] == {"done": 6, "total": 6}
    assert Judgment.with_vigilance.get(document=item.document).vigilance
    assert not Judgment.objects.filter(document=item.document).exists()


@pytest.mark.parametrize(
    ("condition", "reveal"), [("manual", "never"), ("filtered", "never"), ("post_edit", "commit_then_reveal")]
)
def test_a_duty_that_hides_suggestions_has_no_list_and_sends_none_of_them(as_bob, duty, condition, reveal):
    Duty.objects.filter(pk=duty.pk).update(condition=condition, reveal=reveal)
    page = as_bob.get(address(duty)).content.decode()
    assert "this one does not" in page and "data-suggestion" not in page and "This is passage" not in page
    assert accept(as_bob, duty).status_code == 409
    assert address(duty) not in as_bob.get(reverse("duty", args=[duty.pk])).content.decode()


@pytest.mark.parametrize("change", [{"quota": 1}, {"order": Order.MOVE_TO_FRONT}])
def test_a_served_duty_has_no_list_and_says_why(as_bob, duty, change):
    type(duty.pool).objects.filter(pk=duty.pool_id).update(**change)
    page = as_bob.get(address(duty)).content.decode()
    assert "handed out one after the other" in page and "This is passage" not in page
    reply = accept(as_bob, duty)
    assert reply.status_code == 409 and "one after the other" in reply.json()["error"]


def test_the_judging_page_of_such_a_duty_links_to_the_list(as_bob, duty):
    page = as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert f'href="{address(duty)}" data-keys="v"' in page


def test_an_acceptance_over_http_says_what_it_did_and_in_which_shape_every_page_reads_it(as_bob, duty):
    first = duty.pool.items.get(position=1)
    Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=first.document, grade=0)
    reply = accept(as_bob, duty).json()
    assert reply["told"] == "4 accepted, 1 had changed and were left alone." and reply["changed"] == [first.pk]
    assert reply["item"]["id"] == 0 and reply["wanted"] is None and reply["progress"] == {"done": 5, "total": 5}


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": " "},
        {"labels": "1:x"},
        {"labels": "DROP"},
        {"idempotency_key": "no"},
        {"labels": ""},
        {"reason": "\0"},
    ],
)
def test_a_bad_acceptance_is_refused_with_a_sentence_and_stores_nothing(as_bob, duty, bad):
    reply = accept(as_bob, duty, **bad)
    assert reply.status_code == 409 and reply.json()["error"]
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()


def test_without_scripts_an_acceptance_leads_back_to_the_list_with_the_way_to_take_it_back(as_bob, duty):
    key = uuid4()
    reply = accept(as_bob, duty, headers={}, idempotency_key=key)
    page = as_bob.get(reply.url).content.decode()
    assert "5 accepted." in page and str(key) in page
    undo = as_bob.post(reverse("acceptance_undo", args=[duty.pk]), {"acceptance": key, "idempotency_key": uuid4()})
    assert undo.url == address(duty) and not Judgment.objects.filter(assessor=duty.assessor).exists()


def test_a_closed_topic_can_be_read_and_not_accepted(as_bob, duty):
    Duty.objects.filter(pk=duty.pk).update(closed_at=timezone.now())
    page = as_bob.get(address(duty)).content.decode()
    assert "can be read, but not judged" in page
    assert re.search(r'id="accept-shown"[^>]* disabled', page) and re.search(r'id="controls" disabled', page)
    assert accept(as_bob, duty).status_code == 409


@pytest.mark.parametrize("username", ["charlie", "dora", "boss", "alice", "vera"])
def test_a_list_of_somebody_else_does_not_exist(client, duty, username):
    """charlie is nobody here, dora another assessor of the topic, boss staff, alice organizes, vera views."""
    user = make_user(username, is_staff=username == "boss")
    if username == "dora":
        make_duty(duty.pool, user)
    elif username in ("alice", "vera"):
        member_set(track=duty.pool.track, user=user, role={"alice": "organizer", "vera": "viewer"}[username], by=None)
    client.force_login(user)
    assert client.get(address(duty)).status_code == 404
    assert accept(client, duty).status_code == 404
    undo = {"acceptance": uuid4(), "idempotency_key": uuid4()}
    assert client.post(reverse("acceptance_undo", args=[duty.pk]), undo, headers=JSON).status_code == 404
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()


def test_without_a_login_one_is_asked_for(client, duty):
    assert client.get(address(duty)).url.startswith(reverse("login"))
    assert accept(client, duty).url.startswith(reverse("login"))
    assert client.post(reverse("acceptance_undo", args=[duty.pk])).url.startswith(reverse("login"))


def review(client, pool, **data):
    return client.post(reverse("review_begin", args=[pool.track.slug, pool.pk]), data)


def test_an_organizer_opens_the_list_of_a_topic_from_the_pool_as_an_own_assessor(client, duty):
    alice = make_user("alice")
    member_set(track=duty.pool.track, user=alice, role="organizer", by=None)
    client.force_login(alice)
    pool = client.get(reverse("pool", args=[duty.pool.track.slug, duty.pool_id])).content.decode()
    assert "Review the judge’s grades" in pool
    reply = review(client, duty.pool, topic=duty.topic_id, source=duty.suggestion_source_id)
    mine = Duty.objects.get(assessor__user=alice)
    assert reply.url == address(mine) and (mine.condition, mine.reveal) == ("post_edit", Reveal.ALWAYS)
    assert titles(client.get(reply.url)) == [f"Passage {place} of q1" for place in range(1, 6)]
    refused = review(client, duty.pool, topic=duty.topic_id, source=duty.assessor_id)
    assert refused.url == reverse("pool", args=[duty.pool.track.slug, duty.pool_id])


@pytest.mark.parametrize("username", ["bob", "charlie", "vera"])
def test_only_organizers_begin_a_review(client, duty, username):
    user = duty.assessor.user if username == "bob" else make_user(username)
    if username == "vera":
        member_set(track=duty.pool.track, user=user, role="viewer", by=None)
    client.force_login(user)
    assert review(client, duty.pool, topic=duty.topic_id, source=duty.suggestion_source_id).status_code == 404
    assert Duty.objects.count() == 1


def test_without_a_login_no_review_begins(client, duty):
    assert review(client, duty.pool).url.startswith(reverse("login"))
