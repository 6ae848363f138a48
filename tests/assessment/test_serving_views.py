"""Served duties over HTTP: what the page shows, how a save brings the next passage, and the signs of life of a tab."""

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from assessment.models import Judgment, Lease, Membership, Order, Pool, PoolItem, Role, Run
from tests.assessment.test_judging_views import JSON, queries_of
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool():
    pool = make_pool(make_track(), size=6)
    pool.quota = 1
    pool.save()
    return pool


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def duty(pool, bob):
    return make_duty(pool, bob)


@pytest.fixture
def dora(pool):
    return make_duty(pool, make_user("dora"))


@pytest.fixture
def as_bob(client, bob):
    client.force_login(bob)
    return client


def at(duty, position):
    return duty.pool.items.get(position=position).pk


def open_page(client, duty) -> str:
    return client.get(reverse("duty", args=[duty.pk])).content.decode()


def save(client, duty, position, headers=JSON, **data):
    data = {"idempotency_key": uuid4(), "grade": 1, **data}
    return client.post(reverse("judgment_save", args=[duty.pk, at(duty, position)]), data, headers=headers)


def tell(client, duty, **data):
    return client.post(reverse("duty_lease", args=[duty.pk]), {"tab": uuid4(), **data}, headers=JSON)


def in_front(pool, brought: dict[int, dict[int, int]]):
    """Move-to-front over runs: {position: {run number: rank}}."""
    Pool.objects.filter(pk=pool.pk).update(order=Order.MOVE_TO_FRONT)
    runs = {
        number: Run.objects.create(track=pool.track, tag=f"run{number}", sha256="x", lines=1).pk
        for number in sorted({run for ranks in brought.values() for run in ranks})
    }
    for position, ranks in brought.items():
        item = pool.items.filter(position=position)
        item.update(run_ids=[runs[run] for run in ranks], ranks=list(ranks.values()), best_rank=min(ranks.values()))


def test_the_page_shows_what_is_on_the_desk_and_nothing_else(as_bob, duty):
    page = open_page(as_bob, duty)
    assert "This is passage number 1." in page and 'max="6" value="0"' in page
    assert [f'data-id="{at(duty, place)}" data-state' in page for place in (1, 2, 3)] == [True, True, False]


def test_a_save_brings_the_next_passage_with_its_line_of_the_column(as_bob, duty):
    open_page(as_bob, duty)
    reply = save(as_bob, duty, 1, ahead=at(duty, 2)).json()
    (handed,) = reply["next"]
    assert handed["id"] == at(duty, 3) and "This is passage number 3." in handed["html"]
    assert (
        f'data-id="{handed["id"]}"' in handed["entry"] and '<span class="entry-number num">3</span>' in handed["entry"]
    )
    assert reply["progress"] == {"done": 1, "total": 6}


def test_a_save_that_is_sent_again_brings_the_same_passage(as_bob, duty):
    open_page(as_bob, duty)
    key = uuid4()
    replies = [save(as_bob, duty, 1, ahead=at(duty, 2), idempotency_key=key).json() for _ in range(2)]
    assert replies[0] == replies[1]


@pytest.mark.parametrize("order", ["", Order.MOVE_TO_FRONT])
@pytest.mark.parametrize("condition", ["manual", "post_edit"])
def test_save_and_next_takes_eight_queries(as_bob, pool, bob, condition, order):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, condition, source=judge)
    if order:
        in_front(pool, {place: {1: place} for place in range(1, 7)})
    for item in pool.items.all():
        suggest(judge, item, 2)
    make_duty(pool, make_user("dora"))
    open_page(as_bob, duty)
    keys = [at(duty, place) for place in (1, 2, 3)]

    def act(item, ahead):
        data = {"idempotency_key": uuid4(), "grade": 1, "ahead": ahead, "tab": uuid4()}
        as_bob.post(reverse("judgment_save", args=[duty.pk, item]), data, headers=JSON)

    taken = [queries_of(lambda pair=pair: act(*pair)) for pair in pairwise(keys)]
    assert [len(queries) for queries in taken] == [8, 8], "\n".join(taken[0])
    assert Lease.objects.filter(assessor=duty.assessor).count() == 2


def test_move_to_front_follows_the_run_that_brought_a_relevant_passage(as_bob, duty, pool):
    """Run 1 ranks 1, 2, 3; run 2 ranks 4, 5, 6. Who sees a passage has the next one at hand already."""
    in_front(pool, {place: {1: place} if place < 4 else {2: place - 3} for place in range(1, 7)})
    open_page(as_bob, duty)
    assert list(Lease.objects.order_by("claimed_at", "pk").values_list("item__position", flat=True)) == [1, 2]
    assert save(as_bob, duty, 1, grade=0, ahead=at(duty, 2)).json()["next"][0]["id"] == at(duty, 4)
    assert save(as_bob, duty, 2, grade=0, ahead=at(duty, 4)).json()["next"][0]["id"] == at(duty, 5)
    assert save(as_bob, duty, 4, grade=3, ahead=at(duty, 5)).json()["next"][0]["id"] == at(duty, 6)


def test_in_a_shared_pool_a_colleagues_relevant_passage_moves_its_run_to_the_front(as_bob, duty, pool, dora):
    in_front(pool, {place: {1: place} if place < 4 else {2: place - 3} for place in range(1, 7)})
    first, fourth = (pool.items.get(position=place) for place in (1, 4))
    Judgment.objects.create(assessor=dora.assessor, topic=first.topic, document=first.document, grade=0)
    Judgment.objects.create(assessor=dora.assessor, topic=first.topic, document=fourth.document, grade=2)
    open_page(as_bob, duty)
    assert set(Lease.objects.values_list("item__position", flat=True)) == {5, 6}


def test_a_planted_passage_comes_when_as_many_are_done_as_its_position_says(as_bob, pool, bob):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, "post_edit", source=judge)
    in_front(pool, {place: {1: place} for place in range(1, 6)})
    planted = pool.items.get(position=6)
    PoolItem.with_planted.filter(pk=planted.pk).update(
        planted_for=duty, planted={"grade": 3}, trusted_grade=0, trusted_by=judge, position=3, run_ids=[], ranks=[]
    )
    open_page(as_bob, duty)
    assert save(as_bob, duty, 1, ahead=at(duty, 2)).json()["next"][0]["id"] == planted.pk
    assert save(as_bob, duty, 2, ahead=planted.pk).json()["next"][0]["id"] == at(duty, 3)


def test_the_end_tells_what_is_left_on_other_desks_from_what_is_done(as_bob, duty, dora):
    theirs = [
        Lease(
            item=item, assessor=dora.assessor, duty=dora, tab=uuid4(), expires_at=timezone.now() + timedelta(minutes=5)
        )
        for item in duty.pool.items.all()
    ]
    Lease.objects.bulk_create(theirs)
    page = open_page(as_bob, duty)
    assert "data-elsewhere" in page and '<strong class="elsewhere-count num">6</strong>' in page
    assert tell(as_bob, duty, next=1).json()["elsewhere"] == 6
    for item in duty.pool.items.all():
        Judgment.objects.create(assessor=dora.assessor, topic=item.topic, document=item.document, grade=0)
    page = open_page(as_bob, duty)
    assert "data-elsewhere" not in page and "The pile is empty" in page


def test_who_waits_gets_what_comes_back(as_bob, duty, dora):
    for item in duty.pool.items.all():
        Lease.objects.create(item=item, assessor=dora.assessor, duty=dora, tab=uuid4(), expires_at=timezone.now())
    reply = tell(as_bob, duty, next=1).json()
    assert [each["id"] for each in reply["next"]] == [at(duty, 1), at(duty, 2)]


def test_a_passage_that_went_to_somebody_else_leads_back_with_a_word(as_bob, duty):
    url = reverse("duty_item", args=[duty.pk, at(duty, 6)])
    assert "not on your desk any more" in as_bob.get(url, follow=True).content.decode()
    assert as_bob.get(url, headers={"HX-Request": "true"}).status_code == 404


def test_a_grade_too_many_is_refused_with_a_sentence(as_bob, duty, dora):
    item = duty.pool.items.get(position=1)
    Judgment.objects.create(assessor=dora.assessor, topic=item.topic, document=item.document, grade=0)
    reply = save(as_bob, duty, 1)
    assert reply.status_code == 409 and "Enough people have judged" in reply.json()["error"]


def test_without_javascript_a_grade_leads_to_the_passage_that_is_handed_out(as_bob, duty, dora):
    open_page(as_bob, duty)
    reply = save(as_bob, duty, 1, headers={})
    assert reply.url == reverse("duty_item", args=[duty.pk, at(duty, 2)])
    for place in range(2, 6):
        save(as_bob, duty, place, headers={})
    assert save(as_bob, duty, 6, headers={}).url == reverse("duty", args=[duty.pk])
    assert Judgment.objects.count() == 6


def test_a_closed_topic_can_be_read(as_bob, duty):
    save(as_bob, duty, 1)
    Lease.objects.all().delete()
    duty.closed_at = timezone.now()
    duty.save()
    assert f'data-id="{at(duty, 1)}"' in open_page(as_bob, duty) and not Lease.objects.exists()


@pytest.mark.parametrize("quota", [None, 1])
def test_a_tab_is_told_that_the_person_judges_in_another(as_bob, duty, pool, quota):
    Pool.objects.filter(pk=pool.pk).update(quota=quota)
    open_page(as_bob, duty)
    first, second, item = uuid4(), uuid4(), at(duty, 1)
    assert not tell(as_bob, duty, tab=first, item=item).json()["judging_elsewhere"]
    assert not tell(as_bob, duty, tab=second, item=item, take=1).json()["judging_elsewhere"]
    assert tell(as_bob, duty, tab=first, item=item).json()["judging_elsewhere"]
    assert tell(as_bob, duty, tab=second, item=item, left=1).status_code == 204
    back = tell(as_bob, duty, tab=first, item=item, column=1).json()
    assert not back["judging_elsewhere"] and back["progress"]["done"] == 0 and f'data-id="{item}"' in back["column"]


@pytest.mark.parametrize("data", [{"tab": "no"}, {"item": "x"}, {"ahead": "1 or 2"}, {"ahead": "9" * 30}])
def test_a_sign_of_life_that_makes_no_sense_is_refused(as_bob, duty, data):
    assert tell(as_bob, duty, **data).status_code == 400


def test_a_sign_of_life_for_a_passage_of_another_topic_is_refused(as_bob, duty):
    foreign = make_pool(make_track("other"), qid="q9").items.first()
    assert tell(as_bob, duty, item=foreign.pk).status_code == 409
    assert not Lease.objects.exists()


@pytest.mark.parametrize("username", ["charlie", "alice", "vera", "dora", "boss"])
def test_signs_of_life_are_the_assessors_own(client, duty, dora, username):
    """charlie is nobody here, alice organizes, vera views, dora assesses the very topic, boss administers the site."""
    user = dora.assessor.user if username == "dora" else make_user(username, is_staff=username == "boss")
    if username in ("alice", "vera"):
        Membership.objects.create(
            track=duty.pool.track, user=user, role=Role.ORGANIZER if username == "alice" else Role.VIEWER
        )
    client.force_login(user)
    assert tell(client, duty).status_code == 404
    assert client.get(reverse("duty_lease", args=[duty.pk])).status_code == 405


def test_signs_of_life_need_a_login(client, duty):
    assert tell(client, duty).url.startswith(reverse("login"))
