"""A topic's nuggets by runs, under one assessor's labels."""

import pytest
from django.urls import reverse

from assessment.models import Role
from nuggets.selectors.grid import nugget_grid
from tests.factories import make_judge, make_track
from tests.nuggets.factories import assign, make_answer, make_topic, make_topic_bank, wordings_of
from tests.nuggets.test_answer_views import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def topic_bank(track):
    return make_topic_bank(make_topic(track))


@pytest.fixture
def judge(topic_bank, track):
    """Of three answers `poor` has nothing, `good` all, and `open` is half labelled; the first nugget is vital."""
    judge = make_judge(track)
    first, second = wordings_of(topic_bank)
    answers = {tag: make_answer(topic_bank.topic, tag) for tag in ("poor", "good", "open")}
    for tag, wording, label in (
        ("poor", first, "not_support"),
        ("poor", second, "partial_support"),
        ("good", first, "support"),
        ("good", second, "support"),
        ("open", second, "support"),
    ):
        assign(judge, answers[tag], wording, label)
    return judge


def test_columns_stand_by_score_and_rows_by_place(topic_bank, judge, django_assert_num_queries):
    with django_assert_num_queries(5):
        grid = nugget_grid(topic_bank, judge)
    assert [(one.tag, one.score) for one in grid.columns] == [("good", 1.0), ("poor", 0.0), ("open", None)]
    assert [(row.number, row.text, row.labels, row.share) for row in grid.rows] == [
        (1, "light scatters", ["support", "not_support", ""], 0.5),
        (2, "the sky is blue", ["support", "partial_support", "support"], 2 / 3),
    ]
    assert (grid.labelled, grid.score, grid.frozen) == (5, "vital_strict", None)


def test_without_a_vital_nugget_all_of_them_rank_the_runs(topic_bank, judge):
    topic_bank.nuggets.update(importance="okay")
    grid = nugget_grid(topic_bank, judge)
    assert (grid.score, [one.score for one in grid.columns]) == ("all_strict", [1.0, 0.0, None])


def test_the_page_says_every_label_in_words_and_leads_to_the_answers(track, topic_bank, judge):
    page = client_of(track, "alice", Role.ORGANIZER).get(reverse("nugget_grid", args=["small", topic_bank.pk]))
    assert page.context["assessor"] == judge
    assert page.text.count('<span class="visually-hidden">not labelled</span>') == 1
    assert page.text.count('<span class="visually-hidden">partial support</span>') == 1
    run = track.answer_runs.get(tag="good")
    assert f"{reverse('answer_run', args=['small', run.pk])}?topic={topic_bank.topic_id}" in page.text


def test_it_is_for_organizers_and_for_assessors_who_have_labelled_the_list(track, topic_bank, judge):
    address = reverse("nugget_grid", args=["small", topic_bank.pk])
    organizer = client_of(track, "alice", Role.ORGANIZER)
    assert organizer.get(f"{address}?assessor={judge.pk}").status_code == 200
    assert organizer.get(f"{address}?assessor={make_judge(track, 'idle').pk}").status_code == 404
    assert organizer.get(f"{address}?assessor=x").status_code == 404
    for name, role in (("bob", Role.ASSESSOR), ("vera", Role.VIEWER)):
        assert client_of(track, name, role).get(address).status_code == 404
    make_track("other")
    assert organizer.get(reverse("nugget_grid", args=["other", topic_bank.pk])).status_code == 404


def test_before_the_first_label_the_page_says_what_to_do(track, topic_bank):
    page = client_of(track, "alice", Role.ORGANIZER).get(reverse("nugget_grid", args=["small", topic_bank.pk]))
    assert "No label yet" in page.text
