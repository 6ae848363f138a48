"""Nugget scores by topic, and one topic with its runs and its nuggets: pages, files and what makes the figures."""

import pytest
from django.test import Client
from django.urls import reverse

from assessment.models import Role, Topic
from assessment.services.people import member_set
from nuggets.models import Bank, NuggetAssignment
from nuggets.selectors.scores import nugget_scores
from nuggets.selectors.topics import topic_rows, topic_scores
from tests.factories import make_track, make_user
from tests.nuggets.test_nugget_imports import an_answer, load

pytestmark = pytest.mark.django_db

S, P, N = "support", "partial_support", "not_support"


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def viewer(track):
    user, client = make_user("vera"), Client()
    member_set(track=track, user=user, role=Role.VIEWER, by=None)
    client.force_login(user)
    return client


@pytest.fixture
def campaign(track):
    """Topic q1: four runs and two nuggets; q2: two runs, one of them empty, of which b's label is support."""
    load(
        track,
        an_answer(run="a", labels=(S, S), text="one two three"),
        an_answer(run="b", labels=(S, P), text="one two"),
        an_answer(run="c", labels=(S, N), text="one"),
        an_answer(run="d", labels=(S, N), text=""),
        an_answer(run="b", qid="q2", labels=(S,)),
        an_answer(run="a", qid="q2", labels=(N,), text=""),
    )
    return track


def scores_of(track):
    return nugget_scores(track.banks.get(), track.assessors.get())


def page(client, name, *keys, **query):
    return client.get(reverse(name, args=["small", *keys]), query)


def test_a_topics_mean_counts_missing_answers_as_0_and_says_how_many(campaign):
    first, second = topic_rows(scores_of(campaign), "vital_strict")
    assert (first.runs, first.missing, first.mean, first.lowest, first.highest) == (4, 0, 0.625, 0.5, 1.0)
    assert (second.runs, second.missing, second.mean, second.lowest, second.highest) == (4, 2, 0.25, 0.0, 1.0)
    assert (first.n_nuggets, first.vital_share, first.frozen) == (2, 1.0, 1)
    assert first.marks == {"universal": 1, "hard": 0, "discriminating": 0}


def test_a_topic_without_a_vital_nugget_has_no_vital_score(track):
    given = an_answer()
    for nugget in given["nuggets"]:
        nugget["importance"] = "okay"
    load(track, given)
    (row,) = topic_rows(scores_of(track), "vital_strict")
    assert (row.mean, row.lowest, row.highest, row.runs, row.vital_share) == (None, None, None, 0, 0.0)
    assert topic_rows(scores_of(track), "all_strict")[0].mean == 0.5


def test_answers_not_labelled_whole_are_counted_apart(campaign):
    NuggetAssignment.objects.filter(answer__run__tag="c", label=N).delete()
    row = topic_rows(scores_of(campaign), "all")[0]
    assert (row.runs, row.unlabelled, row.missing) == (3, 1, 0)
    shown = topic_scores(scores_of(campaign), "all", campaign.topics.get(qid="q1"))
    assert [(one.tag, one.rank, one.is_unlabelled) for one in shown.runs][-1] == ("c", None, True)
    assert [one.figures.support for one in shown.nuggets] == [4, 1]
    assert [one.figures.not_support for one in shown.nuggets] == [0, 1]


def test_the_runs_of_a_topic_stand_by_their_score_with_words_beside_it(campaign):
    shown = topic_scores(scores_of(campaign), "all", campaign.topics.get(qid="q1"))
    assert [(row.rank, row.tag, row.score, row.words, row.labels) for row in shown.runs] == [
        (1, "a", 1.0, 3, (2, 0, 0)),
        (2, "b", 0.75, 2, (1, 1, 0)),
        (3, "c", 0.5, 1, (1, 0, 1)),
        (3, "d", 0.5, 0, (1, 0, 1)),
    ]
    assert shown.mean == 0.6875
    # five of six pairs in the same order, c and d tied in the score: 5 / sqrt(5 * 6)
    assert shown.tau_with_length == pytest.approx(5 / 30**0.5)


def test_a_run_without_an_answer_is_shown_with_0_and_an_empty_answer_supports_nothing(campaign):
    shown = topic_scores(scores_of(campaign), "vital_strict", campaign.topics.get(qid="q2"))
    assert [(row.tag, row.score, row.is_missing) for row in shown.runs] == [
        ("b", 1.0, False),
        ("a", 0.0, False),
        ("c", 0.0, True),
        ("d", 0.0, True),
    ]
    assert shown.nuggets[0].figures[:4] == (1, 0, 1, 0.5)


def test_the_page_of_topics_says_what_made_its_figures_and_leads_to_each(viewer, campaign):
    response = page(viewer, "nugget_topics")
    assert "2 topics that nist has labelled answers of, 4 runs, vital_strict" in response.text
    assert "2 answers that runs did not give count as 0." in response.text
    assert reverse("nugget_topic", args=["small", campaign.topics.get(qid="q2").pk]) in response.text
    assert [row.topic.qid for row in page(viewer, "nugget_topics", sort="missing").context["rows"]] == ["q2", "q1"]


def test_the_page_of_a_topic_marks_its_nuggets_and_defines_the_marks(viewer, campaign):
    response = page(viewer, "nugget_topic", campaign.topics.get(qid="q1").pk, score="all")
    assert [str(row.figures.mark) for row in response.context["found"].nuggets] == ["universal", "None"]
    for words in ("corrected item–total correlation", "0.6875", "4 answers of 4 runs, 2 nuggets, 2 vital"):
        assert words in response.text
    other = page(viewer, "nugget_topic", campaign.topics.get(qid="q2").pk)
    assert "2 runs gave no answer, which counts as 0." in other.text


def test_only_declared_topics_are_shown_where_some_are_declared(viewer, campaign):
    response = page(viewer, "nugget_topics", topics="q2")
    assert [row.topic.qid for row in response.context["rows"]] == ["q2"]
    assert "1 declared topic," in response.text
    other = page(viewer, "nugget_topic", campaign.topics.get(qid="q1").pk, topics="q2")
    assert "is not among the topics that are scored" in other.text
    assert "no topic q9" in page(viewer, "nugget_topics", topics="q9").text


def test_tables_go_out_as_files(viewer, campaign):
    key = campaign.topics.get(qid="q2").pk
    topics = page(viewer, "nugget_topics", csv="topics").text.splitlines()
    assert topics[0].startswith("topic,score,runs,missing,unlabelled,mean,lowest,highest,nuggets,vital_share,universal")
    assert topics[2] == "q2,vital_strict,4,2,0,0.25000000,0.00000000,1.00000000,1,1.00000000,0,0,0"
    runs = page(viewer, "nugget_topic", key, csv="runs").text.splitlines()
    assert runs[1:] == [
        "q2,b,vital_strict,1.00000000,2,1,0,0",
        "q2,a,vital_strict,0.00000000,0,0,0,1",
        "q2,c,vital_strict,0.00000000,,,,",
        "q2,d,vital_strict,0.00000000,,,,",
    ]
    nuggets = page(viewer, "nugget_topic", key, csv="nuggets").text.splitlines()
    assert nuggets[1:] == ["q2,1,fact 1,vital,1,0,1,0.50000000,,"]


def test_a_topic_that_nobody_labelled_says_so_and_one_of_another_track_is_not_found(viewer, campaign):
    alone = Topic.objects.create(track=campaign, qid="q9", query="unasked", position=9)
    assert "is not among the topics that are scored" in page(viewer, "nugget_topic", alone.pk).text
    strange = Topic.objects.create(track=make_track("other"), qid="q1", query="theirs", position=1)
    assert page(viewer, "nugget_topic", strange.pk).status_code == 404


def test_before_any_label_both_pages_lead_to_what_comes_first(viewer, track):
    topic = Topic.objects.create(track=track, qid="q1", query="why", position=1)
    for response in (page(viewer, "nugget_topics"), page(viewer, "nugget_topic", topic.pk)):
        assert "No nugget has been assigned yet" in response.text


def test_labels_that_are_not_there_are_refused_with_a_sentence(viewer, campaign):
    key = campaign.topics.get(qid="q1").pk
    for response in (page(viewer, "nugget_topics", source="1-x"), page(viewer, "nugget_topic", key, source="1-x")):
        assert "choose others" in response.text
    assert page(viewer, "nugget_topics", score="best").context["choice"].score == "vital_strict"


def test_the_queries_do_not_grow_with_runs_topics_or_nuggets(viewer, campaign, django_assert_num_queries):
    key = campaign.topics.get(qid="q1").pk
    for grown in (False, True):
        if grown:
            load(
                campaign,
                *(an_answer(run=f"r{n}", qid=f"q{m}") for n in range(20) for m in range(1, 3)),
                assessor="more",
                bank_name="more",
            )
        source = f"{Bank.objects.order_by('pk').last().pk}-{campaign.assessors.order_by('pk').last().pk}"
        with django_assert_num_queries(15):
            page(viewer, "nugget_topics", source=source)
        with django_assert_num_queries(17):
            page(viewer, "nugget_topic", key, source=source)
