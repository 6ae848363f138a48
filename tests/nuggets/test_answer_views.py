"""The pages of answers: the list with its upload, and one run's answers with what they cite."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from assessment.models import Document, Role, Topic
from assessment.services.people import member_set
from nuggets.models import AnswerRun
from tests.factories import make_track, make_user
from tests.nuggets.domain.test_answers import SEGMENTS, rag24

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    track = make_track()
    for place, qid in enumerate(("q1", "q2"), 1):
        Topic.objects.create(track=track, qid=qid, query=f"question {qid}", position=place)
    return track


def client_of(track, name, role):
    user, client = make_user(name), Client()
    member_set(track=track, user=user, role=role, by=None)
    client.force_login(user)
    return client


@pytest.fixture
def organizer(track):
    return client_of(track, "alice", Role.ORGANIZER)


def file(*records, name="answers.jsonl"):
    return SimpleUploadedFile(name, "".join(json.dumps(record) + "\n" for record in records).encode())


def upload(client, *files, **fields):
    return client.post(reverse("answers", args=["small"]), {"files": list(files), **fields})


def test_a_good_file_is_stored_and_a_bad_one_beside_it_told_by_its_line(organizer):
    bad = rag24() | {"run_id": "bad", "references": None}
    response = upload(organizer, file(rag24()), file(bad, name="bad.jsonl"), profile_name="rag24")
    assert [report.colour for report in response.context["reports"]] == ["warn", "bad"]
    assert "no answer to 1 topic (q2): it will count as 0" in response.text
    assert "references is no list" in response.text
    run = AnswerRun.objects.get()
    assert (run.tag, run.uploaded_by.username) == ("r", "alice")
    assert "Read as" in organizer.get(reverse("answer_run", args=["small", run.pk])).text


def test_an_upload_without_a_file_says_so(organizer):
    assert "Choose at least one file." in upload(organizer).text


def test_an_answer_is_shown_sentence_by_sentence_with_its_references(organizer, track):
    Document.objects.create(collection=track.collection, docid=SEGMENTS[1], title="On scattering", text="Light " * 9)
    upload(organizer, file(rag24(parts=[("One <b>two</b>.", [1, 0]), ("Three.", [])], response_length=99)))
    run = AnswerRun.objects.get()
    response = organizer.get(reverse("answer_run", args=["small", run.pk]))
    shown = response.context["shown"]
    assert [[one.number for one in sentence.citations] for sentence in shown.sentences] == [[2, 1], []]
    assert [(one.number, one.times) for one in shown.references] == [(1, 1), (2, 1), (3, 0)]
    for words in ("One &lt;b&gt;two&lt;/b&gt;.", "On scattering", "not in the collection", "(its file says 99)"):
        assert words in response.text


def test_a_topic_that_the_run_has_not_answered_is_not_found(organizer, track):
    upload(organizer, file(rag24()))
    run, other = AnswerRun.objects.get(), track.topics.get(qid="q2")
    assert organizer.get(reverse("answer_run", args=["small", run.pk]), {"topic": other.pk}).status_code == 404


def test_an_empty_answer_is_said_to_be_one(organizer):
    upload(organizer, file(rag24(parts=[])))
    run = AnswerRun.objects.get()
    assert "The answer is empty." in organizer.get(reverse("answer_run", args=["small", run.pk])).text


def test_a_viewer_reads_and_does_not_upload_and_an_assessor_sees_nothing(organizer, track):
    upload(organizer, file(rag24()))
    address = reverse("answer_run", args=["small", AnswerRun.objects.get().pk])
    viewer, assessor = client_of(track, "vera", Role.VIEWER), client_of(track, "bob", Role.ASSESSOR)
    assert [client.get(address).status_code for client in (viewer, assessor)] == [200, 404]
    assert upload(viewer, file(rag24())).status_code == 404
    assert "Upload answers" not in viewer.get(reverse("answers", args=["small"])).text


def test_a_run_of_another_track_is_not_found(organizer):
    other = AnswerRun.objects.create(track=make_track("other"), tag="theirs")
    assert organizer.get(reverse("answer_run", args=["small", other.pk])).status_code == 404
