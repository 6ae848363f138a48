"""The board's pages: who may open them, what they say, and what they cost."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assessment.models import Assessor, Duty, Judgment, Lease, Membership, Role
from assessment.services.duties import duties_assign

from .conftest import person

READS = ("board", "board_live", "board_duty", "board_passage")
WRITES = ("duty_reassign", "duty_extend", "duty_reopen", "duty_close", "leases_hand_back")


@pytest.fixture
def dora(track):
    user = person("dora")
    Membership.objects.create(track=track, user=user, role=Role.ASSESSOR)
    return user


@pytest.fixture
def duty(pool, assessor_bob, topics):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    return Duty.objects.get(topic=topics[0])


def address(name, duty, slug="small", **query):
    if name in ("board", "board_live"):
        return reverse(name, args=[slug], query={"pool": duty.pool_id, **query})
    pk = duty.pool.items.first().pk if name == "board_passage" else duty.pk
    return reverse(name, args=[slug, pk], query=query)


@pytest.mark.parametrize("name", READS)
def test_the_board_opens_for_organizers_and_does_not_exist_for_others(
    as_user, alice, bob, vera, charlie, admin, duty, name
):
    got = {
        user.username: as_user(user).get(address(name, duty)).status_code for user in (alice, bob, vera, charlie, admin)
    }
    assert got == {"alice": 200, "bob": 404, "vera": 404, "charlie": 404, "admin": 200}


@pytest.mark.parametrize("name", WRITES)
def test_only_organizers_change_a_duty_and_only_by_posting(as_user, alice, bob, vera, charlie, admin, duty, name):
    before = Duty.objects.values().get(pk=duty.pk)
    for user in (bob, vera, charlie):
        assert as_user(user).post(address(name, duty), {"message": "x", "due_on": "2999-01-01"}).status_code == 404
    assert as_user(alice).get(address(name, duty)).status_code == 405
    assert Duty.objects.values().get(pk=duty.pk) == before
    assert as_user(admin).post(address(name, duty), {}).status_code in (200, 302)


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_without_a_login_there_is_only_the_login(client, duty, name):
    send = client.post if name in WRITES else client.get
    assert send(address(name, duty)).headers["Location"].startswith(reverse("login"))


def test_duties_and_passages_of_another_track_are_not_found_under_this_one(as_user, alice, duty):
    from assessment.services.tracks import track_create

    track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    client = as_user(alice)
    for name in ("board_live", "board_duty", "board_passage"):
        assert client.get(address(name, duty, slug="other")).status_code == 404
    for name in WRITES:
        assert client.post(address(name, duty, slug="other"), {}).status_code == 404


@pytest.mark.parametrize("asked", ["0", "-1", "x", "²", "9" * 30])
def test_an_unknown_pool_is_not_found(as_user, alice, duty, asked):
    for name in ("board", "board_live"):
        assert as_user(alice).get(reverse(name, args=["small"], query={"pool": asked})).status_code == 404


def test_filters_that_make_no_sense_narrow_nothing(as_user, alice, duty):
    page = as_user(alice).get(address("board", duty, person="x", condition="none", open="perhaps"))
    assert page.status_code == 200
    assert len(page.context["board"].shown_rows) == 3


def test_a_track_without_pools_and_a_pool_without_people_say_what_to_do_first(as_user, alice, track, request):
    assert "Make a pool first" in as_user(alice).get(reverse("board", args=["small"])).content.decode()
    pool = request.getfixturevalue("pool")
    page = as_user(alice).get(reverse("board", args=["small"])).content.decode()
    assert "Nobody judges this pool yet" in page
    assert reverse("plan", args=["small", pool.pk]) in page


def test_an_unchanged_board_costs_nothing_and_a_changed_one_comes_whole(
    as_user, alice, duty, assessor_bob, documents, django_assert_num_queries, monkeypatch
):
    now = timezone.now()
    monkeypatch.setattr("assessment.selectors.attention.timezone.now", lambda: now)
    client = as_user(alice)
    seen = client.get(address("board", duty)).context["seen"]
    with django_assert_num_queries(6):
        unchanged = client.get(address("board_live", duty, seen=seen))
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    Judgment.objects.create(assessor=assessor_bob, topic=duty.topic, document=documents[0], grade=1)
    changed = client.get(address("board_live", duty, seen=seen))
    assert changed.status_code == 200
    assert "1/2" in changed.content.decode()
    assert changed.content.decode().count('id="board-live"') == 1


def test_the_page_asks_the_database_as_often_for_any_number_of_duties(
    as_user, alice, dora, duty, django_assert_num_queries
):
    client = as_user(alice)
    with django_assert_num_queries(17):
        client.get(address("board", duty))
    dora = Assessor.objects.create(track=duty.pool.track, user=dora, kind="human", name="dora")
    duties_assign(pool=duty.pool, assessor=dora, condition="manual")
    with django_assert_num_queries(17):
        client.get(address("board", duty, open="1"))


def test_the_menu_says_what_handing_on_will_do_before_it_is_done(as_user, alice, dora, duty, assessor_bob, documents):
    Judgment.objects.create(assessor=assessor_bob, topic=duty.topic, document=documents[0], grade=1)
    client = as_user(alice)
    page = " ".join(client.get(address("board_duty", duty, to=dora.pk, what="rest")).content.decode().split())
    assert "bob keeps 1 judged passage and judges no more here; dora gets the 1 open one." in page
    assert Duty.objects.filter(closed_at=None).count() == 3
    data = {"to": dora.pk, "what": "rest", "holder": duty.assessor_id}
    done = client.post(address("duty_reassign", duty), data)
    heir = Duty.objects.get(assessor__user=dora)
    assert done.headers["Location"] == f"{reverse('board', args=['small'])}?pool={duty.pool_id}#cell-{heir.pk}"
    assert client.post(address("duty_reassign", duty), data).status_code == 302  # a second press
    assert Duty.objects.count() == 4


def test_a_second_press_after_a_duty_has_changed_hands_is_no_error(as_user, alice, dora, duty):
    data = {"to": dora.pk, "what": "rest", "holder": duty.assessor_id}
    said = [as_user(alice).post(address("duty_reassign", duty), data).status_code for _ in range(2)]
    assert said == [302, 302]
    assert Duty.objects.get(pk=duty.pk).assessor.user == dora


def test_a_board_that_is_behind_the_times_hands_nothing_on(as_user, alice, dora, duty):
    Duty.objects.filter(pk=duty.pk).update(
        assessor=Assessor.objects.create(track=duty.pool.track, user=person("eve"), kind="human", name="eve")
    )
    data = {"to": dora.pk, "what": "rest", "holder": duty.assessor_id}
    page = as_user(alice).post(address("duty_reassign", duty), data)
    assert "is with eve meanwhile" in page.content.decode()


@pytest.mark.parametrize("to", ["", "x", "0", "9" * 30])
def test_nobody_is_nobody_to_hand_on_to(as_user, alice, duty, to):
    for what in ("rest", "nothing"):
        page = as_user(alice).post(address("duty_reassign", duty), {"to": to, "what": what, "holder": "x"})
        assert page.status_code == 200
        assert "errorlist" in page.content.decode()
    assert Duty.objects.get(pk=duty.pk).assessor == duty.assessor


def test_a_refusal_stands_in_the_menu_with_its_reason(as_user, alice, duty):
    client = as_user(alice)
    assert (
        "is over" in client.post(address("duty_extend", duty), {"due_on": "2001-01-01", "of": "duty"}).content.decode()
    )
    assert "errorlist" in client.post(address("duty_extend", duty), {"due_on": "soon", "of": "all"}).content.decode()
    assert "write what is to be done" in client.post(address("duty_reopen", duty), {"message": ""}).content.decode()


def test_a_day_is_set_for_a_duty_a_person_or_a_topic(as_user, alice, duty):
    for of, count in (("duty", 1), ("topic", 1), ("person", 3)):
        Duty.objects.update(due_on=None)
        as_user(alice).post(address("duty_extend", duty), {"due_on": "2999-12-31", "of": of})
        assert Duty.objects.exclude(due_on=None).count() == count


def test_a_script_is_told_what_happened_and_the_board_is_looked_at_again(as_user, alice, duty):
    done = as_user(alice).post(address("duty_close", duty), headers={"HX-Request": "true"})
    assert done.status_code == 204
    assert '"board-changed"' in done.headers["HX-Trigger"]
    assert "is closed for bob" in done.headers["HX-Trigger"]
    menu = as_user(alice).get(address("board_duty", duty), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in menu
    assert "Reopen it" in menu
    assert "alice: Closed." in menu


def test_an_idle_desk_is_cleared_from_the_list(as_user, alice, duty):
    Lease.objects.create(
        item=duty.pool.items.first(), assessor=duty.assessor, duty=duty, tab="0" * 32,
        claimed_at=timezone.now() - timedelta(minutes=6), expires_at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip
    client = as_user(alice)
    assert "still on the desk" in client.get(address("board", duty)).content.decode()
    client.post(address("leases_hand_back", duty))
    assert "still on the desk" not in client.get(address("board", duty)).content.decode()


def test_a_flag_leads_to_the_passage_and_what_was_said_of_it(as_user, alice, duty, assessor_bob, documents):
    Judgment.objects.create(
        assessor=assessor_bob, topic=duty.topic, document=documents[0], state="unjudgeable", reason="in <b>Latin</b>"
    )
    client = as_user(alice)
    item = duty.pool.items.get(topic=duty.topic, document=documents[0])
    assert reverse("board_passage", args=["small", item.pk]) in client.get(address("board", duty)).content.decode()
    page = client.get(reverse("board_passage", args=["small", item.pk])).content.decode()
    assert "Passage number 1 about" in page
    assert "in &lt;b&gt;Latin&lt;/b&gt;" in page


def test_a_closed_topic_says_so_before_anybody_tries(as_user, bob, duty):
    Duty.objects.filter(pk=duty.pk).update(closed_at=timezone.now(), message="old")
    page = as_user(bob).get(reverse("duty", args=[duty.pk])).content.decode()
    assert "it can be read, but not judged any more" in page
    assert '<fieldset id="controls" disabled>' in page
    assert 'id="undo" disabled' in page
    assert "old" not in as_user(bob).get(reverse("home")).content.decode()


def test_the_organizers_word_stands_on_the_first_page_and_above_the_passage_until_it_is_dealt_with(
    as_user, bob, alice, duty
):
    Duty.objects.filter(pk=duty.pk).update(message="Look at <d1> again.", due_on=timezone.localdate())
    client, page = as_user(bob), reverse("duty", args=[duty.pk])
    for each in (page, reverse("home")):
        said = client.get(each).content.decode()
        assert "Look at &lt;d1&gt; again." in said
        assert "due on" in said
    assert as_user(alice).post(reverse("message_clear", args=[duty.pk])).status_code == 404
    done = as_user(bob).post(reverse("message_clear", args=[duty.pk]), headers={"Referer": "https://evil.example/x"})
    assert done.headers["Location"] == page
    here = f"http://testserver{page}items/1/"
    assert client.post(reverse("message_clear", args=[duty.pk]), headers={"Referer": here}).headers["Location"] == here
    assert "Look at" not in client.get(page).content.decode()


def test_a_message_is_only_cleared_by_posting_and_by_its_assessor(as_user, client, bob, vera, charlie, admin, duty):
    address = reverse("message_clear", args=[duty.pk])
    assert client.post(address).headers["Location"].startswith(reverse("login"))
    assert [as_user(user).post(address).status_code for user in (vera, charlie, admin)] == [404, 404, 404]
    assert as_user(bob).get(address).status_code == 405
