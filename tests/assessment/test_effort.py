"""How much human work is enough: figures on the shipped TREC data, the command and the page."""

import csv
import io
import json
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment
from assessment.selectors.effort import effort_of, seconds_per_judgment
from tests.assessment.dl21 import NIST, UMBRELA, load_dl21, remove


@pytest.fixture(scope="module")
def dl21(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        track = load_dl21("dl21-effort")
        yield track
        remove(track)


@pytest.fixture(scope="module")
def whole(dl21, django_db_blocker):
    with django_db_blocker.unblock():
        return effort_of(dl21, *(dl21.assessors.get(name=name) for name in (NIST, UMBRELA)), "nDCG@10")


def test_on_dl21_depth_and_move_to_front_need_less_than_chance(whole):
    assert (whole.n_runs, whole.n_topics, whole.n_judgments) == (63, 53, 10_828)
    assert round(whole.automatic_tau, 4) == 0.9395
    assert set(whole.curves) == {"depth", "move-to-front", "random"}  # an import has no order by time
    reached = whole.reached(0.9)
    assert reached["depth"].judged < reached["random"].judged
    assert reached["move-to-front"].judged < reached["random"].judged
    for curve in whole.curves.values():
        assert curve[-1].tau == pytest.approx(1)
        assert curve[-1].judged == 10_828
    fifth = {name: curve[3].found for name, curve in whole.curves.items()}
    assert fifth["move-to-front"] > fifth["depth"] > fifth["random"]


def test_on_dl21_fewer_topics_are_told_on_runs_that_did_not_choose_them(whole):
    assert whole.subsets.n_chosen + whole.subsets.n_held_out == 63
    early = whole.subsets.points[:10]
    assert np.mean([point.chosen - point.held_out for point in early]) > 0
    fewest = whole.fewest_topics(0.9)
    assert all(point.held_out >= 0.9 for point in whole.subsets.points[fewest.size - 1 :])
    assert whole.subsets.points[fewest.size - 2].held_out < 0.9


@pytest.fixture
def umbrela(track, topics, documents):
    umbrela = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="umbrela")
    Judgment.objects.bulk_create(
        Judgment(assessor=umbrela, topic=topics[0], document=document, grade=grade)
        for document, grade in zip(documents, [3, 3, 0], strict=False)
    )
    return umbrela


def test_people_have_an_order_by_time(track, runs, umbrela, bob, topics, documents):
    person = Assessor.objects.get(track=track, user=bob)
    now = timezone.now()
    for minute, document in enumerate(reversed(documents[:4])):
        Judgment.objects.create(
            assessor=person,
            topic=topics[0],
            document=document,
            grade=minute % 3,
            active_ms=2000 + 1000 * minute,
            created_at=now + timedelta(minutes=minute),
        )
    found = effort_of(track, person, umbrela, "nDCG@10")
    assert "time" in found.curves
    assert found.subsets is None  # two runs are too few to hold some out
    assert seconds_per_judgment(track) == 3.5


def test_the_command_prints_every_curve(track, runs, nist, umbrela, capsys):
    call_command("effort", "small", "--manual", "nist", "--automatic", "umbrela", "--target", "0.8")
    printed = json.loads(capsys.readouterr().out)
    assert printed["target"] == 0.8
    assert len(printed["curves"]["depth"]) == 20
    assert printed["reached"]["depth"]["tau"] >= 0.8
    assert printed["subsets"] is None
    with pytest.raises(DomainError, match="lies between -1 and 1"):
        call_command("effort", "small", "--manual", "nist", "--automatic", "umbrela", "--target", "7")


def test_the_page_comes_at_once_and_its_curves_after(client, vera, track, runs, nist, umbrela):
    client.force_login(vera)
    address = reverse("effort", args=["small"])
    page = client.get(address).content.decode()
    assert 'hx-trigger="load"' in page
    assert "<progress" in page
    part = client.get(address, {"part": "curves", "seconds": "30", "hour": "40"}).content.decode()
    assert "<html" not in part
    assert "umbrela alone gives τ = 1.00" in part
    assert "there is no order by time" in part
    whole = client.get(address, {"whole": "1", "manual": "nist", "automatic": "umbrela"}).content.decode()
    assert "python3 manage.py effort small --manual nist --automatic umbrela --measure nDCG@10 --target 0.9" in whole


def test_work_is_told_in_hours_and_money(client, vera, track, runs, nist, umbrela):
    client.force_login(vera)
    query = {"whole": "1", "seconds": "1800", "hour": "40", "thousand": "500"}
    plan = client.get(reverse("effort", args=["small"]), query).context["plan"]
    assert (plan[0].name, plan[0].judgments, plan[0].hours, plan[0].cost) == ("all judgments", 4, 2.0, 80.0)
    assert (plan[-1].name, plan[-1].judgments, plan[-1].cost) == ("umbrela alone", 0, 2.0)
    nothing = client.get(reverse("effort", args=["small"]), {"whole": "1"}).context["plan"]
    assert (nothing[0].hours, nothing[0].cost) == (None, None)


def test_what_cannot_be_read_or_computed_is_said(client, vera, track, runs, nist, umbrela):
    client.force_login(vera)
    address = reverse("effort", args=["small"])
    assert "cannot be read" in client.get(address, {"target": "much"}).content.decode()
    assert "is not known. Known are" in client.get(address, {"whole": "1", "measure": "F1"}).content.decode()
    itself = client.get(address, {"whole": "1", "manual": "nist", "automatic": "nist"}).content.decode()
    assert "compared with itself" in itself


def test_curves_download_as_csv_and_pdf(client, vera, track, runs, nist, umbrela):
    client.force_login(vera)
    address = reverse("effort", args=["small"])
    rows = list(csv.reader(io.StringIO(client.get(address, {"csv": "work"}).content.decode())))
    assert rows[0] == ["order", "judged", "share", "found", "tau", "low", "high"]
    assert len(rows) == 1 + 3 * 20
    assert client.get(address, {"chart": "work"}).content.startswith(b"%PDF")
