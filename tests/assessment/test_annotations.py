"""Notes, evidence and scan terms: stored with a grade or after it, shown again, exported, nobody else's."""

import csv
import json
import re
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Document, Duty, Judgment, JudgmentEvent, Membership, Role, ScanTerms
from assessment.selectors.judging import judging_item, pool_column
from assessment.selectors.judgment_exports import judgment_lines, judgment_records
from assessment.selectors.scan_terms import scan_terms
from assessment.services.judgments import judgment_annotate, judgment_record, judgment_undo
from assessment.services.scan_terms import scan_terms_set
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
TEXT = "Blue light 🌈 scatters.\r\n\r\nשמיים כחולים, <b>really</b>."


def span(words, text=TEXT):
    start = text.index(words)
    return {"start": start, "end": start + len(words), "text": words}


RAINBOW, HEBREW = span("🌈 scatters"), span("שמיים")


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    pool = make_pool(make_track())
    Document.objects.filter(pk=pool.items.get(position=1).document_id).update(text=TEXT)
    return pool


@pytest.fixture
def item(pool):
    return pool.items.get(position=1)


@pytest.fixture
def duty(pool, bob):
    return make_duty(pool, bob)


@pytest.fixture
def as_bob(client, bob):
    client.force_login(bob)
    return client


def record(duty, item, grade=2, **more):
    arguments = {"idempotency_key": uuid4(), "actor": duty.assessor.user, **more}
    return judgment_record(duty=duty, item=item, grade=grade, **arguments)


def annotate(duty, item, **more):
    return judgment_annotate(duty=duty, item=item, **{"idempotency_key": uuid4(), "actor": duty.assessor.user, **more})


def undo(duty, item):
    return judgment_undo(duty=duty, item=item, idempotency_key=uuid4(), actor=duty.assessor.user)


def noted() -> tuple[str, list | None]:
    judgment = Judgment.objects.get()
    return judgment.note, judgment.evidence


def address(name, duty, item):
    return reverse(name, args=[duty.pk, item.pk])


def queries_of(act) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(frame)]


# --- with a grade, and after it ---


def test_a_note_and_evidence_are_stored_with_the_grade(duty, item):
    record(duty, item, note="  Only in part. ", evidence=[HEBREW, RAINBOW])
    assert noted() == ("Only in part.", [RAINBOW, HEBREW])


def test_a_grade_without_them_leaves_what_is_there_and_an_empty_one_empties(duty, item):
    record(duty, item, note="Only in part.", evidence=[RAINBOW])
    record(duty, item, grade=1)
    assert noted() == ("Only in part.", [RAINBOW])
    record(duty, item, grade=3, note="", evidence=[])
    assert noted() == ("", [])


def test_evidence_that_does_not_fit_the_text_stores_nothing_at_all(duty, item):
    with pytest.raises(DomainError, match=r"Evidence from 0 to 4 is “Blue” in the text, not “blue”"):
        record(duty, item, evidence=[{"start": 0, "end": 4, "text": "blue"}])
    assert not Judgment.objects.exists() and not JudgmentEvent.objects.exists()


def test_a_note_changes_alone_and_the_grade_stands(duty, item):
    record(duty, item, grade=2)
    outcome = annotate(duty, item, note="Only in part.")
    assert (outcome.state, outcome.grade, outcome.progress) == ("graded", 2, (1, 5))
    annotate(duty, item, evidence=[RAINBOW])
    assert noted() == ("Only in part.", [RAINBOW])
    events = JudgmentEvent.objects.values_list("kind", "grade", "previous_grade")
    assert list(events) == [("recorded", 2, None), ("noted", 2, 2), ("noted", 2, 2)]


def test_a_repeated_key_changes_nothing_also_when_something_came_between(duty, item):
    record(duty, item)
    key = uuid4()
    annotate(duty, item, note="first", idempotency_key=key)
    annotate(duty, item, note="second")
    assert annotate(duty, item, note="first", idempotency_key=key).repeated
    assert noted()[0] == "second"
    assert JudgmentEvent.objects.filter(kind="noted").count() == 2


def test_undo_goes_past_a_note_to_the_grade_before(duty, item):
    record(duty, item, grade=1)
    record(duty, item, grade=2)
    annotate(duty, item, note="Only in part.")
    assert undo(duty, item).grade == 1
    annotate(duty, item, note="No.")
    assert undo(duty, item).state == ""
    with pytest.raises(DomainError, match="nothing to undo"):
        undo(duty, item)


def test_a_passage_that_was_put_off_takes_a_note(duty, item):
    record(duty, item, grade=None, state="skipped")
    assert annotate(duty, item, note="Ask alice.").state == "skipped"
    assert noted()[0] == "Ask alice."


def test_a_note_without_a_judgment_is_refused(duty, item):
    with pytest.raises(DomainError, match="stored with a judgment"):
        annotate(duty, item, note="Too early.")
    assert not JudgmentEvent.objects.exists()


def test_nobody_notes_in_another_name_and_nothing_in_a_closed_duty(duty, item):
    record(duty, item)
    with pytest.raises(DomainError, match="another person's name"):
        annotate(duty, item, note="x", actor=make_user("alice"))
    Duty.objects.filter(pk=duty.pk).update(closed_at=timezone.now())
    with pytest.raises(DomainError, match="closed"):
        annotate(Duty.objects.get(pk=duty.pk), item, note="x")
    assert noted()[0] == ""


# --- over HTTP ---


def save(client, duty, item, name="judgment_save", **data):
    return client.post(address(name, duty, item), {"idempotency_key": uuid4(), **data}, headers=JSON)


def test_the_page_sends_them_with_a_grade_or_alone(as_bob, duty, item):
    assert save(as_bob, duty, item, grade=2, note="a\r\nb", evidence=json.dumps([RAINBOW])).status_code == 200
    assert noted() == ("a\nb", [RAINBOW])
    reply = save(as_bob, duty, item, "annotation_save", note="").json()
    assert reply["item"] == {"id": item.pk, "state": "graded", "grade": 2} and reply["progress"]["done"] == 1
    assert noted() == ("", [RAINBOW])
    save(as_bob, duty, item, "annotation_save", evidence="[]")
    assert noted() == ("", [])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"evidence": "no JSON"}, "JSON"),
        ({"evidence": '[{"start": 0, "end": 999, "text": "Blue"}]'}, "does not lie in the text"),
        ({"note": "x" * 10_001}, "10000"),
        ({"note": "x", "idempotency_key": ""}, "idempotency_key"),
    ],
)
def test_what_cannot_be_stored_is_answered_with_a_sentence(as_bob, duty, item, data, sentence):
    record(duty, item, note="before")
    reply = save(as_bob, duty, item, "annotation_save", **data)
    assert reply.status_code == 409 and sentence in reply.json()["error"]
    assert noted() == ("before", None)


def test_a_note_and_evidence_cost_save_and_next_no_query(as_bob, duty, item, pool):
    want = {"want": pool.items.get(position=2).pk}
    data = {"note": "a", "evidence": json.dumps([RAINBOW]), **want}
    counts = [len(queries_of(lambda more=more: save(as_bob, duty, item, grade=2, **more))) for more in (want, data)]
    assert counts[0] == counts[1] <= 8
    assert len(queries_of(lambda: save(as_bob, duty, item, "annotation_save", **data))) <= counts[0]


def test_the_passage_comes_back_with_its_note_and_evidence(as_bob, duty, item):
    record(duty, item, note='Say "no" & <i>go</i>.', evidence=[HEBREW])
    html = as_bob.get(address("duty_item", duty, item), headers={"HX-Request": "true"}).content.decode()
    assert "<i>go</i>" not in html
    assert 'data-note="Say "no" & <i>go</i>."' in unescape(html)
    assert json.loads(unescape(re.search(r'data-evidence="([^"]*)"', html)[1])) == [HEBREW]
    page = as_bob.get(address("duty_item", duty, item)).content.decode()
    assert "Say &quot;no&quot; &amp; &lt;i&gt;go&lt;/i&gt;.</textarea>" in page


def test_paragraphs_carry_their_place_in_the_text(as_bob, duty, item):
    text = "  One.\r\nStill one.\r\n\r\n \r\nTwo 🌈.\n\nOne."
    Document.objects.filter(pk=item.document_id).update(text=text)
    html = as_bob.get(address("duty_item", duty, item), headers={"HX-Request": "true"}).content.decode()
    assert f'data-start="{text.index("One.")}" data-returns="4">One.\nStill one.</p>' in html
    assert f'data-start="{text.index("Two")}">Two 🌈.</p>' in html
    assert f'data-start="{text.rindex("One.")}">One.</p>' in html


def test_the_column_tells_which_passages_have_a_note(as_bob, duty, item):
    record(duty, item, note="Only in part.")
    assert [entry.noted for entry in pool_column(duty)] == [True, False, False, False, False]
    assert as_bob.get(reverse("duty", args=[duty.pk])).content.decode().count(" data-noted") == 1


def test_a_passage_takes_one_query_with_its_note(duty, item, django_assert_num_queries):
    record(duty, item, note="Only in part.", evidence=[HEBREW])
    with django_assert_num_queries(1):
        shown = judging_item(duty, item.pk)
    assert (shown.note, shown.evidence) == ("Only in part.", [HEBREW])


# --- exported ---


def test_the_export_has_note_evidence_and_their_history(duty, item, pool):
    record(duty, item, note="Only in part.", evidence=[RAINBOW])
    annotate(duty, item, note="=SUM(1)")
    record(duty, pool.items.get(position=2))
    first, second = judgment_records(pool.track)
    assert (first["note"], first["evidence"]) == ("=SUM(1)", [RAINBOW])
    assert [event["kind"] for event in first["history"]] == ["recorded", "noted"]
    assert second["evidence"] == []
    rows = list(csv.DictReader(judgment_lines(pool.track, "csv")))
    assert [json.loads(row["evidence"]) for row in rows] == [[RAINBOW], []]
    assert rows[0]["note"] != "=SUM(1)"


def test_a_note_does_not_hide_that_the_suggestion_was_accepted(pool, item, bob):
    judge = make_judge(pool.track)
    suggest(judge, item, 2)
    duty = make_duty(pool, bob, "post_edit", source=judge)
    record(duty, item, accepted=True)
    annotate(duty, item, note="Indeed.")
    mine = next(each for each in judgment_records(pool.track) if each["assessor"] == "bob")
    assert mine["accepted"] is True


# --- scan terms ---


def test_scan_terms_are_remembered_by_person_and_topic(duty, pool):
    dora = make_duty(pool, make_user("dora"))
    assert scan_terms_set(duty=duty, words='sky "blue  light" scatter*', actor=duty.assessor.user) == [
        "sky", "blue light", "scatter*",
    ]  # fmt: skip
    scan_terms_set(duty=duty, words="sea", actor=duty.assessor.user)
    assert (scan_terms(duty), scan_terms(dora)) == (["sea"], [])
    assert ScanTerms.objects.count() == 1


def test_nobody_sets_another_persons_scan_terms(duty):
    with pytest.raises(DomainError, match="another person"):
        scan_terms_set(duty=duty, words="sky", actor=make_user("dora"))
    assert not ScanTerms.objects.exists()


def test_the_page_sets_scan_terms_and_has_them_when_it_opens(as_bob, duty):
    url = reverse("scan_terms", args=[duty.pk])
    assert as_bob.post(url, {"terms": 'sky "blue light"'}).json() == {"terms": ["sky", "blue light"]}
    assert 'value="sky &quot;blue light&quot;"' in as_bob.get(reverse("duty", args=[duty.pk])).content.decode()
    assert as_bob.post(url, {"terms": "sky *"}).status_code == 409
    assert scan_terms(duty) == ["sky", "blue light"]
    assert as_bob.post(url, {"terms": ""}).json() == {"terms": []}


# --- nobody else ---


@pytest.mark.parametrize("username", ["charlie", "dora", "alice", "vera", "boss"])
def test_what_is_not_yours_does_not_exist(client, duty, item, username):
    """charlie is nobody here, dora another assessor of the very topic, alice organizes the track, vera views it, boss
    administers the site."""
    record(duty, item)
    user = make_user(username, is_staff=username == "boss")
    if username in ("alice", "vera"):
        role = Role.ORGANIZER if username == "alice" else Role.VIEWER
        Membership.objects.create(track=duty.pool.track, user=user, role=role)
    if username == "dora":
        make_duty(duty.pool, user)
    client.force_login(user)
    assert save(client, duty, item, "annotation_save", note="mine").status_code == 404
    assert client.post(reverse("scan_terms", args=[duty.pk]), {"terms": "sky"}).status_code == 404
    assert noted()[0] == "" and not ScanTerms.objects.exists()


def test_who_lost_the_role_or_the_login_notes_nothing(client, as_bob, duty, item):
    record(duty, item)
    Membership.objects.filter(user=duty.assessor.user).delete()
    assert save(as_bob, duty, item, "annotation_save", note="x").status_code == 404
    client.logout()
    assert save(client, duty, item, "annotation_save", note="x").url.startswith(reverse("login"))
    assert client.post(reverse("scan_terms", args=[duty.pk])).url.startswith(reverse("login"))
    assert client.get(address("annotation_save", duty, item)).status_code in (302, 405)
    assert noted()[0] == ""
