"""The editor's requests: who may send them, what they answer, and what never reaches a browser."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from assessment.models import Judgment, JudgmentState, Role
from assessment.services.people import member_set
from nuggets.models import NuggetDuty, NuggetTask, TopicBank
from nuggets.selectors.lists import shown_list
from tests.factories import make_assessor, make_pool, make_track, make_user
from tests.nuggets.factories import make_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def row(track):
    return make_list(track, "light scatters", "blue scatters most", "sunsets are red")


@pytest.fixture
def alice(track):
    return client_of(track, "alice", Role.ORGANIZER)


def client_of(track, name: str, role: Role) -> Client:
    user, client = make_user(name), Client()
    member_set(track=track, user=user, role=role, by=None)
    client.force_login(user)
    return client


def editor(row, name: str = "bob", **duty) -> Client:
    """The client of an assessor who has the duty to edit the list."""
    user, client = make_user(name), Client()
    assessor = make_assessor(row.bank.track, user)
    NuggetDuty.objects.create(topic_bank=row, task=NuggetTask.EDIT, assessor=assessor, **duty)
    client.force_login(user)
    return client


def send(client, row, kind: str, *, seen: int | None = None, **fields):
    seen = TopicBank.objects.get(pk=row.pk).revision if seen is None else seen
    return client.post(reverse("bank_edit", args=[row.pk]), {"kind": kind, "key": uuid4(), "seen": seen, **fields})


def texts(row) -> list[str]:
    return [one.state.text for one in shown_list(row).nuggets]


def test_an_edit_is_answered_with_the_list_as_it_is_then(alice, row):
    reply = send(alice, row, "merge", numbers="1 2", text="blue light scatters most")
    assert reply.status_code == 200
    assert reply.json()["revision"] == row.revision + 1
    assert "blue light scatters most" in reply.json()["html"]
    assert texts(row) == ["blue light scatters most", "sunsets are red"]


def test_every_kind_of_edit_comes_through(alice, row):
    for kind, fields in [
        ("add", {"text": "air is thin"}),
        ("reword", {"numbers": "1", "text": "light is scattered"}),
        ("split", {"numbers": "2", "text": "blue scatters\n\nred does not"}),
        ("retire", {"numbers": "3"}),
        ("restore", {"numbers": "3"}),
        ("reorder", {"numbers": "3", "place": "0"}),
        ("importance", {"numbers": "3", "text": "okay"}),
        ("sub_narrative", {"numbers": "3", "text": "evening"}),
        ("note", {"numbers": "3", "text": "check\nthis"}),
        ("undo", {}),
        ("redo", {}),
    ]:
        assert send(alice, row, kind, **fields).status_code == 200, kind
    assert texts(row) == ["sunsets are red", "light is scattered", "blue scatters", "red does not", "air is thin"]
    first = shown_list(row).nuggets[0].state
    assert (first.importance, first.sub_narrative, first.note) == ("okay", "evening", "check\nthis")


@pytest.mark.parametrize(
    "kind, fields, said",
    [
        ("reword", {"numbers": "1", "text": " "}, "A nugget says something"),
        ("reword", {"text": "x"}, "Choose a nugget first"),
        ("reword", {"numbers": "99", "text": "x"}, "no nugget 99"),
        ("merge", {"numbers": "1", "text": "x"}, "two nuggets or more"),
        ("split", {"numbers": "1", "text": "one line"}, "one a line"),
        ("reorder", {"numbers": "1"}, "not what the page sends"),
        ("passage", {"numbers": "1", "docid": "d99"}, "no document d99"),
        ("undo", {}, "nothing of yours"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(alice, row, kind, fields, said):
    reply = send(alice, row, kind, **fields)
    assert reply.status_code == 422
    assert said in reply.json()["error"]
    assert texts(row) == ["light scatters", "blue scatters most", "sunsets are red"]


def test_a_conflict_answers_409_with_what_it_reads_now(alice, track, row):
    send(alice, row, "reword", numbers="1", text="waves scatter", seen=row.revision)
    reply = send(editor(row), row, "reword", numbers="1", text="x", seen=row.revision)
    assert reply.status_code == 409
    assert "alice changed nugget 1" in reply.json()["error"]
    assert "waves scatter" in reply.json()["html"]


def test_garbage_is_answered_400(alice, row):
    url = reverse("bank_edit", args=[row.pk])
    for fields in [{}, {"kind": "burn", "key": uuid4(), "seen": 0}, {"kind": "add", "key": "x", "seen": 0}]:
        assert alice.post(url, fields).status_code == 400
    assert send(alice, row, "reword", numbers="one", text="x").status_code == 400


def test_a_selection_of_a_passage_is_linked_with_its_text(alice, track, row):
    document = make_pool(track, size=1, qid="q9").items.get().document
    place = {"docid": document.docid, "start": 0, "end": 4}
    assert send(alice, row, "passage", numbers="1", **place).status_code == 200
    assert send(alice, row, "add", text="from a passage", **place).status_code == 200
    assert send(alice, row, "passage", numbers="1", docid=document.docid, start=0, end=10**6).status_code == 422
    passages = [one.state.passages for one in shown_list(row).nuggets]
    assert [one.text for one in passages[0]] == [one.text for one in passages[3]] == [document.text[:4]]
    assert send(alice, row, "passage", numbers="1", place="0").status_code == 200
    assert shown_list(row).nuggets[0].state.passages == ()


def test_the_list_is_sent_again_only_when_it_has_changed(alice, row):
    url = reverse("edit_bank_live", args=[row.pk])
    assert alice.get(url, {"seen": row.revision}).status_code == 204
    assert alice.get(url, {"seen": row.revision - 1}).json()["revision"] == row.revision


def test_editors_need_a_duty_and_a_closed_one_is_for_reading(track, row):
    stranger = client_of(track, "eve", Role.ASSESSOR)
    assert stranger.get(reverse("edit_bank", args=[row.pk])).status_code == 404
    assert send(stranger, row, "add", text="x").status_code == 404
    bob = editor(row)
    assert send(bob, row, "add", text="from bob").status_code == 200
    NuggetDuty.objects.update(closed_at="2026-01-01T00:00Z")
    page = bob.get(reverse("edit_bank", args=[row.pk]))
    assert "closed this list" in page.text
    assert 'id="desk"' not in page.text
    assert send(bob, row, "add", text="x").status_code == 403


def test_viewers_read_and_nothing_else(track, row):
    vera = client_of(track, "vera", Role.VIEWER)
    assert vera.get(reverse("edit_bank", args=[row.pk])).status_code == 200
    assert send(vera, row, "add", text="x").status_code == 403
    assert vera.post(reverse("list_frozen", args=[row.pk])).status_code == 403


def test_hidden_importance_never_reaches_the_browser_nor_comes_from_it(row):
    bob = editor(row, hides_importance=True)
    pages = [bob.get(reverse(name, args=[row.pk])).text for name in ("edit_bank", "edit_bank_history")]
    pages.append(send(bob, row, "retire", numbers="1").json()["html"])
    assert not any("vital" in page.lower() for page in pages)
    assert send(bob, row, "importance", numbers="2", text="okay").status_code == 422


def test_only_passages_that_people_found_relevant_are_shown(alice, track):
    pool = make_pool(track, size=2, qid="q1")
    row = make_list(track, "light scatters")
    first, second = pool.items.all()
    judging = make_assessor(track, make_user("judging"))
    for item, grade in ((first, 3), (second, 0)):
        Judgment.objects.create(
            assessor=judging, topic=row.topic, document=item.document, state=JudgmentState.GRADED, grade=grade
        )
    page = alice.get(reverse("edit_bank", args=[row.pk]))
    assert [one.docid for one in page.context["passages"]] == [first.document.docid]
    fragment = reverse("edit_bank_passage", args=[row.pk])
    assert first.document.docid in alice.get(fragment, {"n": 0}).text
    assert alice.get(fragment, {"n": 1}).status_code == 404


def test_freezing_tells_what_is_missing(alice, row):
    send(alice, row, "importance", numbers="2", text="")
    url = reverse("list_frozen", args=[row.pk])
    assert "nugget 2 has no importance" in alice.post(url, follow=True).text
    send(alice, row, "importance", numbers="2", text="okay")
    assert "Version 1 is frozen" in alice.post(url, {"note": "first"}, follow=True).text
    assert row.versions.get().note == "first"


def test_a_bank_is_copied_opened_and_deleted_from_the_browser(alice, track, row):
    reply = alice.post(reverse("banks", args=[track.slug]), {"name": "edited", "copy_of": row.bank_id}, follow=True)
    copy = track.banks.get(name="edited")
    assert copy.topic_banks.get().nuggets.count() == 3
    assert "light scatters" not in reply.text
    reply = alice.post(reverse("banks", args=[track.slug]), {"name": "edited"})
    assert "has a bank edited already" in reply.text
    alice.post(reverse("banks", args=[track.slug]), {"name": "new"})
    new = track.banks.get(name="new")
    reply = alice.post(reverse("bank", args=[track.slug, new.pk]), {"topic": row.topic_id})
    assert reply.url == reverse("edit_bank", args=[new.topic_banks.get().pk])
    frozen = alice.post(reverse("bank_frozen", args=[track.slug, copy.pk]), follow=True)
    assert "the list of 1 topic" in frozen.text
    assert "it has frozen lists" in alice.post(reverse("bank_deleted", args=[track.slug, copy.pk]), follow=True).text
    alice.post(reverse("bank_deleted", args=[track.slug, new.pk]))
    assert not track.banks.filter(name="new").exists()
