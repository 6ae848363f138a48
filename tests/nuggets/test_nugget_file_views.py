"""Nuggets and assignments uploaded and taken away on a page."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessment.models import Role
from nuggets.models import Bank, NuggetAssignment
from tests.factories import make_judge, make_track
from tests.nuggets.test_answer_views import client_of
from tests.nuggets.test_nugget_imports import a_file, an_answer, load, load_nuggets, nugget

pytestmark = pytest.mark.django_db
LIST = {"qid": "q1", "query": "why", "nuggets": [nugget()]}


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def organizer(track):
    return client_of(track, "alice", Role.ORGANIZER)


def upload(client, kind, *records, **fields):
    file = SimpleUploadedFile("file.jsonl", a_file(*records).read())
    return client.post(f"{reverse('nugget_files', args=['small'])}?kind={kind}", {"files": [file], **fields})


def test_nuggets_go_into_a_bank_and_come_out_as_they_went_in(organizer):
    response = upload(organizer, "nuggets", LIST, bank_name="auto", condition="auto")
    assert [report.colour for report in response.context["reports"]] == ["ok"]
    bank = Bank.objects.get()
    assert (bank.name, bank.condition) == ("auto", "auto")
    exported = organizer.get(reverse("nuggets_export", args=["small", bank.pk]))
    assert json.loads(exported.getvalue()) == LIST
    assert exported["Content-Disposition"] == 'attachment; filename="small.auto.nuggets.jsonl"'


def test_assignments_make_what_they_need_and_come_out_as_they_went_in(organizer, track):
    given = an_answer(response_length=2)
    upload(organizer, "assignments", given, assessor_name="nist", condition="manual")
    assessor, bank = track.assessors.get(), track.banks.get()
    assert (assessor.name, bank.name, NuggetAssignment.objects.count()) == ("nist", "nist", 2)
    exported = organizer.get(reverse("assignments_export", args=["small", bank.pk, assessor.pk]))
    assert json.loads(exported.getvalue()) == given


def test_a_bad_file_is_told_by_its_line_and_nothing_is_stored(organizer):
    response = upload(organizer, "nuggets", LIST, {"qid": "q2"}, bank_name="auto", condition="auto")
    assert "line 2" in response.text
    assert "nuggets is no list with at least one nugget" in response.text
    assert not Bank.objects.exists()


def test_a_form_without_a_name_or_a_file_says_so_and_leaves_the_other_alone(organizer):
    response = organizer.post(f"{reverse('nugget_files', args=['small'])}?kind=assignments", {})
    assert set(response.context["forms"]["assignments"].errors) == {"assessor_name", "condition", "files"}
    assert not response.context["forms"]["nuggets"].errors


def test_other_labels_are_refused_unless_replacing_is_ticked(organizer, track):
    load(track, an_answer())
    fields = {"assessor_name": "nist", "condition": "manual"}
    other = an_answer(labels=("support", "support"))
    assert "already has other labels" in upload(organizer, "assignments", other, **fields).text
    assert "replaced" in upload(organizer, "assignments", other, replace="on", **fields).text


def test_the_name_of_a_judge_is_refused(organizer, track):
    make_judge(track, "umbrela")
    response = upload(organizer, "assignments", an_answer(), assessor_name="umbrela", condition="manual")
    assert "umbrela is another assessor here" in response.text


def test_the_page_offers_every_bank_and_every_assessors_labels_of_it(organizer, track):
    load(track, an_answer())
    load_nuggets(track, LIST, bank="unlabelled")
    page = organizer.get(reverse("nugget_files", args=["small"]))
    assert [(bank.name, bank.topics, bank.nuggets) for bank in page.context["banks"]] == [
        ("nist", 1, 2),
        ("unlabelled", 1, 1),
    ]
    assert [source.key for source in page.context["sources"]] == [
        f"{track.banks.get(name='nist').pk}-{track.assessors.get().pk}"
    ]


def test_the_queries_of_the_page_do_not_grow_with_the_banks(organizer, track, django_assert_num_queries):
    address = reverse("nugget_files", args=["small"])
    load(track, an_answer())
    organizer.get(address)
    with django_assert_num_queries(8):
        organizer.get(address)
    for name in "abcdef":
        load(track, an_answer(), assessor=name)
    with django_assert_num_queries(8):
        organizer.get(address)


def test_files_are_for_organizers_and_of_their_own_track(organizer, track):
    load(track, an_answer())
    assessor, bank = track.assessors.get(), track.banks.get()
    names = [("nuggets_export", [bank.pk]), ("assignments_export", [bank.pk, assessor.pk])]
    viewer = client_of(track, "vera", Role.VIEWER)
    other = make_track("other")
    stranger = client_of(other, "zoe", Role.ORGANIZER)
    for name, keys in names:
        assert organizer.get(reverse(name, args=["small", *keys])).status_code == 200
        assert viewer.get(reverse(name, args=["small", *keys])).status_code == 404
        assert stranger.get(reverse(name, args=["small", *keys])).status_code == 404
        assert stranger.get(reverse(name, args=["other", *keys])).status_code == 404
    assert organizer.get(f"{reverse('nugget_files', args=['small'])}?kind=runs").status_code == 404
