"""Manual against automatic over nuggets: the page, its tables as files, and what people made of a bank."""

import json
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.models import Role
from nuggets.domain import edits
from nuggets.models import Bank, BankCondition, BankEdit, Nugget, NuggetAssignment
from nuggets.selectors.comparisons import shared
from nuggets.selectors.edit_statistics import bank_edits
from nuggets.selectors.scores import nugget_scores
from nuggets.services.banks import bank_copy
from nuggets.services.edits import list_edit
from tests.factories import make_judge, make_track
from tests.nuggets.factories import make_topic
from tests.nuggets.test_answer_views import client_of
from tests.nuggets.test_nugget_imports import an_answer, load, load_nuggets, nugget

pytestmark = pytest.mark.django_db

S, P, N = "support", "partial_support", "not_support"
Kind = BankEdit.Kind


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def viewer(track):
    return client_of(track, "vera", Role.VIEWER)


@pytest.fixture
def two(track):
    """Three runs, two vital nuggets; nist: 1, 1/2, 0; strict, of the same bank: 1/2, 1/2, 0."""
    texts = {"a": "one two three", "b": "one two", "c": "one"}
    for assessor, labels in (
        ("nist", {"a": (S, S), "b": (S, N), "c": (N, N)}),
        ("strict", {"a": (S, P), "b": (S, N), "c": (P, N)}),
    ):
        answers = [an_answer(run=run, labels=given, text=texts[run]) for run, given in labels.items()]
        load(track, *answers, assessor=assessor, bank_name="nist")
    return track


def page(client, **query):
    return client.get(reverse("nugget_compare", args=["small"]), query)


def sides(track):
    return [nugget_scores(track.banks.get(), track.assessors.get(name=name)) for name in ("nist", "strict")]


def test_runs_are_compared_over_what_both_have(two):
    both = shared(*sides(two))
    assert [row[:6] for row in both.runs] == [
        ("a", 1.0, 0.5, 1, 1, 0),
        ("b", 0.5, 0.5, 2, 1, 1),
        ("c", 0.0, 0.0, 3, 3, 0),
    ]
    # a and b are tied by the second: two of three pairs, tau-b = 2 / sqrt(3 * 2)
    assert both.figures.tau == pytest.approx(2 / 6**0.5)
    assert both.confusion == [[2, 1, 0], [0, 0, 0], [0, 1, 2]]


def test_the_page_states_the_finding_and_what_made_each_figure(viewer, two):
    response = page(viewer)
    for words in (
        "3 runs, 1 topic, vital_strict",
        "<strong>τ = 0.82</strong>",
        "the largest change is <strong>b</strong>, from rank 2 to 1",
        "n = 3 runs, means over 1 topic",
        "over 6 labels of both",
        "66.7 %",  # the same label: 4 of 6
        "python3 manage.py nugget_compare small --assessor nist --assessor strict --bank nist --score vital_strict",
    ):
        assert words in response.text
    first = next(iter(response.context["described"].values()))
    assert (first["nuggets_per_topic"], first["words_per_nugget"], first["vital_share"]) == (2, 2, 1)
    assert first["label_shares"] == [0.5, 0, 0.5]


def test_the_figures_are_those_of_the_command(viewer, two):
    out = StringIO()
    call_command("nugget_compare", "small", stdout=out)
    (pair,) = json.loads(out.getvalue())["pairs"]
    assert pair == page(viewer).context["figures"]
    assert (pair["n_labels"], pair["same_label"]) == (6, pytest.approx(2 / 3))


def test_a_topic_without_a_score_by_either_is_left_out_and_named(viewer, two):
    make_topic(two, "q2", 2)
    load(two, an_answer(run="a", qid="q2"), assessor="nist", bank_name="nist")
    load(two, an_answer(run="a", qid="q2"), assessor="strict", bank_name="nist")
    NuggetAssignment.objects.filter(assessor__name="strict", answer__topic__qid="q2", label=N).delete()
    response = page(viewer)
    assert response.context["figures"]["left_out_topics"] == ["q2"]
    assert "1 topic is left out, because a run has no vital_strict there by one of them: q2." in response.text


def test_banks_that_differ_compare_scores_and_no_labels(viewer, two):
    other = an_answer(run="a", labels=(S,), text="one two three")
    load(two, other, assessor="auto", bank_name="auto", condition=BankCondition.AUTO)
    keys = {side.assessor.name: key for key, side in page(viewer).context["sides"].items()}
    response = page(viewer, a=keys["nist"], b=keys["auto"])
    assert response.context["confusion"] is None
    assert "so only scores can be compared" in response.text
    assert "they share fewer than two runs" in response.text
    assert "Scatter of runs" not in response.text, "one point says nothing"
    assert len(response.context["pairs"]) == 3
    assert list(keys) == ["nist", "strict", "auto"], "people's first"


def test_a_judge_stands_against_people_unless_the_address_says_otherwise(viewer, two):
    judge = make_judge(two, "a-judge")
    NuggetAssignment.objects.filter(assessor__name="strict").update(assessor=judge)
    response = page(viewer)
    sides = response.context["sides"]
    assert [sides[response.context[side]].assessor.name for side in "ab"] == ["nist", "a-judge"]


def test_labels_that_are_not_there_or_twice_the_same_are_refused(viewer, two):
    key = next(iter(page(viewer).context["sides"]))
    assert "choose two that differ" in page(viewer, a=key, b=key).text
    assert "choose others" in page(viewer, a="0-0").text


def test_before_a_second_assessor_it_says_what_to_do_and_describes_the_first(viewer, track):
    assert "No nugget has been assigned yet" in page(viewer).text
    load(track, an_answer())
    response = page(viewer)
    assert "Two are needed" in response.text
    assert "import_assignments" not in response.text, "a viewer cannot"
    assert "What each is made of" in response.text


def test_tables_go_out_as_files(viewer, two):
    assert page(viewer, csv="runs").text.splitlines()[1] == "a,1.00000000,0.50000000,1,1,0"
    assert page(viewer, csv="confusion").text.splitlines()[1:] == [
        "support,2,1,0",
        "partial_support,0,0,0",
        "not_support,0,1,2",
    ]
    sources = page(viewer, csv="sources").text.splitlines()
    assert sources[1].startswith("nist,manual,nist,1,3,3,2,2.00000000,2.00000000,1.00000000,")
    assert sources[1].endswith(",3,0,3")
    (_, pair) = page(viewer, csv="pairs").text.splitlines()
    assert pair.startswith("nist,nist,nist,strict,vital_strict,3,1,0.81649658,")


def test_labels_of_nuggets_that_no_longer_count_are_named_and_left_out(viewer, track):
    load_nuggets(track, {"qid": "q1", "query": "why", "nuggets": [{"text": "a fact"}]}, bank="draft")
    load(track, an_answer())
    wording = Nugget.objects.get(topic_bank__bank__name="draft").wordings.get()
    NuggetAssignment.objects.create(
        assessor=track.assessors.get(), answer=track.answer_runs.get().answers.get(), wording=wording, label=S
    )
    Nugget.objects.filter(wordings=wording).update(retired_at="2026-01-01T00:00Z", retired_because="retired")
    response = page(viewer)
    assert [source.bank.name for source, _ in response.context["silent"]] == ["draft"]
    assert "nist with bank draft stands nowhere here. nist has assigned no nuggets of draft" in response.text


def test_a_declared_topic_set_is_that_of_all_figures(viewer, two):
    make_topic(two, "q2", 2)
    for assessor in ("nist", "strict"):
        load(two, an_answer(run="a", qid="q2"), an_answer(run="b", qid="q2"), assessor=assessor, bank_name="nist")
    response = page(viewer, topics="q2")
    assert (response.context["figures"]["n_topics"], response.context["figures"]["n_runs"]) == (1, 2)
    assert {side["n_topics"] for side in response.context["described"].values()} == {1}
    assert "--topics q2" in response.context["command"]
    assert "no topic q9" in page(viewer, topics="q9").text


@pytest.fixture
def edited(track):
    """A bank of six nuggets, copied and edited: one kept, one reworded, two merged, one split, one dropped, one new."""
    nuggets = [nugget(f"fact {n}") for n in range(1, 7)]
    load_nuggets(track, {"qid": "q1", "query": "why", "nuggets": nuggets}, bank="auto", condition=BankCondition.AUTO)
    copy = bank_copy(bank=track.banks.get(), name="edited")
    row = copy.topic_banks.get()
    steps = (
        (Kind.REWORD, partial(edits.reword, number=2, text="a better fact 2")),
        (Kind.MERGE, partial(edits.merge, numbers=[3, 4], text="facts 3 and 4")),
        (Kind.SPLIT, partial(edits.split, number=5, texts=["fact 5a", "fact 5b"])),
        (Kind.RETIRE, partial(edits.retire, number=6)),
        (Kind.ADD, partial(edits.add, text="a new fact", importance="vital")),
    )
    for seen, (kind, edit) in enumerate(steps):
        list_edit(topic_bank=row, kind=kind, edit=edit, actor=None, seen=seen)
    return copy


def test_what_people_made_of_a_copied_bank_is_counted(edited):
    found = bank_edits(edited)
    assert found.total._asdict() == {
        "kept": 1, "reworded": 1, "merged": 2, "split": 1, "dropped": 1, "added": 1, "made_by_merging": 1,
        "made_by_splitting": 2,
    }  # fmt: skip
    assert (found.total.originals, found.total.now, list(found.by_topic)) == (6, 6, ["q1"])
    first = bank_edits(Bank.objects.get(name="auto"))
    assert (first.total.kept, first.is_edited) == (6, False)
    assert bank_edits(edited, ["q9"]).total.originals == 0


def test_the_edits_of_a_bank_stand_on_the_page_and_in_the_json(viewer, track, edited):
    answer = an_answer(labels=(S,))
    load(track, answer, assessor="nist", bank_name="other")
    assessor, said = track.assessors.get(), track.answer_runs.get().answers.get()
    for wording in edited.topic_banks.get().nuggets.get(number=1).wordings.all():
        NuggetAssignment.objects.create(assessor=assessor, answer=said, wording=wording, label=S)
    response = page(viewer)
    assert [one.bank.name for one in response.context["edits"]] == ["edited"]
    assert "6 nuggets of auto, 1 topic" in response.text
    out = StringIO()
    call_command("nugget_compare", "small", stdout=out)
    told = {side["bank"]: side["edits"] for side in json.loads(out.getvalue())["sides"]}
    assert told["edited"] | {"made_from": "auto", "merged": 2, "made_by_merging": 1} == told["edited"]
    assert (told["other"]["made_from"], told["other"]["kept"]) == (None, 1)


def test_edits_are_read_in_three_queries(edited, django_assert_num_queries):
    with django_assert_num_queries(3):
        bank_edits(edited)


def test_the_queries_do_not_grow_with_runs_topics_or_nuggets(viewer, two, django_assert_num_queries):
    with django_assert_num_queries(25):
        page(viewer)
    for place in range(2, 5):
        make_topic(two, f"q{place}", place)
    more = [an_answer(run=f"r{n}", qid=f"q{m}", labels=(S, P)) for n in range(20) for m in range(2, 5)]
    for assessor in ("nist", "strict"):
        load(two, *more, assessor=assessor, bank_name="nist")
    with django_assert_num_queries(25):
        page(viewer)
