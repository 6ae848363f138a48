"""The page of nugget scores."""

import json

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from assessment.models import Role
from assessment.services.people import member_set
from nuggets.models import NuggetAssignment
from tests.factories import make_track, make_user
from tests.nuggets.test_nugget_imports import an_answer, load

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def page(track):
    """`page(**query)` as a viewer of the track."""
    user, client = make_user("vera"), Client()
    member_set(track=track, user=user, role=Role.VIEWER, by=None)
    client.force_login(user)
    return lambda **query: client.get(reverse("nuggets", args=[track.slug]), query)


def rows(response) -> list[tuple]:
    return [(row.rank, row.tag, row.scores[0], row.missing) for row in response.context["rows"]]


def test_before_any_label_it_says_what_is_there(page):
    response = page()
    assert "No nugget has been assigned yet" in response.text
    assert "import_assignments" not in response.text, "a viewer cannot"


def test_runs_stand_by_vital_strict_with_what_made_the_figures(page, track):
    load(track, an_answer(run="a"), an_answer(run="b", labels=("support", "support")), an_answer(run="b", qid="q2"))
    response = page()
    assert rows(response) == [(1, "b", 0.75, 0), (2, "a", 0.25, 1)]
    assert "1 answer that runs did not give count as 0." in response.text
    assert "python3 manage.py nugget_leaderboard small --assessor nist --bank nist --format csv" in response.text
    assert [row[1] for row in rows(page(sort="-rank"))] == ["a", "b"]


def test_the_length_of_answers_stands_beside_their_scores(page, track):
    for tag, labels, text in (("a", ("support", "support"), "one two"), ("b", ("not_support", "support"), "one")):
        load(track, an_answer(run=tag, labels=labels, text=text), assessor=tag, bank_name="nist")
    NuggetAssignment.objects.update(assessor=track.assessors.get(name="a"))
    response = page()
    assert [(row.tag, row.words) for row in response.context["rows"]] == [("a", 2.0), ("b", 1.0)]
    assert response.context["board"].tau_with_length == pytest.approx(1)
    points = json.loads(response.context["chart"])["data"]["values"]
    assert [(point["run"], point["words"], point["score"]) for point in points] == [("a", 2.0, 1.0), ("b", 1.0, 0.5)]


def test_answers_not_labelled_whole_are_counted_and_left_out(page, track):
    load(track, an_answer(run="a"), an_answer(run="b"))
    NuggetAssignment.objects.filter(answer__run__tag="a").first().delete()
    response = page()
    assert rows(response) == [(1, "b", 0.5, 0), (None, "a", None, 0)]
    assert "1 answer not labelled whole is left out." in response.text


def test_another_assessors_labels_are_chosen_by_the_address_and_strange_ones_refused(page, track):
    load(track, an_answer())
    load(track, an_answer(labels=("not_support", "not_support")), assessor="strict", bank_name="nist")
    assert [source.assessor.name for source in page().context["choice"].sources] == ["nist", "strict"]
    assert rows(page(source=page().context["choice"].sources[1].key)) == [(1, "r1", 0.0, 0)]
    assert "choose others" in page(source="1-x").text


def test_a_declared_topic_set_is_in_the_address_and_in_the_command(page, track):
    load(track, an_answer(run="a"), an_answer(run="a", qid="q2", labels=("support", "support")))
    response = page(topics="q2")
    assert rows(response) == [(1, "a", 1.0, 0)]
    assert "means over the 1 declared topic;" in response.text
    assert "--topics q2 --format csv" in response.text
    assert "no topic q9" in page(topics="q9").text


def test_the_csv_is_that_of_the_command(page, track, capsys):
    load(track, an_answer())
    call_command("nugget_leaderboard", "small", assessor="nist")
    assert page(csv="runs").text == capsys.readouterr().out


def test_the_queries_do_not_grow_with_the_runs(page, track, django_assert_num_queries):
    load(track, *(an_answer(run=f"r{n}") for n in range(3)))
    page()
    with django_assert_num_queries(15):
        page()
    load(track, *(an_answer(run=f"s{n}") for n in range(30)), assessor="more", bank_name="nist")
    with django_assert_num_queries(15):
        page()
