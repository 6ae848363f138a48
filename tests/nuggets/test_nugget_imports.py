"""Nuggets and assignments from files, good and bad: whole or not at all, and out again."""

import gzip
import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError, FileError
from assessment.models import Assessor, Topic
from assessment.services.imports import qrels_import
from nuggets.models import Answer, AnswerRun, Bank, BankVersion, NuggetAssignment
from nuggets.selectors.banks import scored_lists
from nuggets.selectors.exports import assignment_lines, nugget_lines
from nuggets.selectors.scores import bank_for, nugget_scores
from nuggets.services.assignment_imports import assignments_import
from nuggets.services.bank_imports import nuggets_import
from tests.factories import make_judge, make_track

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared" / "data")
RAG25 = DATA / "rag25" / "rag25-dev-nuggets.jsonl.gz"
RAG25_TOPICS = DATA / "rag25" / "topics.rag25.test.jsonl.gz"


@pytest.fixture
def track():
    return make_track()


def a_file(*records) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())


def nugget(text="a fact", importance="vital", **more):
    return {"text": text, "importance": importance, **more}


def an_answer(run="r1", qid="q1", labels=("support", "not_support"), text="An answer.", **more):
    nuggets = [nugget(f"fact {n}", assignment=label) for n, label in enumerate(labels, 1)]
    return {"qid": qid, "query": "why", "run_id": run, "answer_text": text, "nuggets": nuggets, **more}


def load(track, *records, assessor="nist", **options):
    return assignments_import(
        track=track, source=a_file(*records), name="file.jsonl", assessor_name=assessor, **options
    )


def load_nuggets(track, *records, bank="bank", **options):
    return nuggets_import(track=track, source=a_file(*records), name="file.jsonl", bank_name=bank, **options)


def problems_of(refused) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in refused.value.problems]


def assert_nothing_stored():
    models = (Topic, Bank, AnswerRun, Answer, NuggetAssignment, Assessor)
    assert [model.objects.count() for model in models] == [0] * len(models)


def test_a_first_file_makes_topics_answers_a_frozen_bank_and_labels(track):
    result = load(track, an_answer(response_length=7), an_answer(run="r2", labels=("support", "support")))
    assert (result.status, result.summary) == ("stored", "nist: 4 labels of 2 nuggets, 2 answers to 1 topic.")
    assert Topic.objects.get().query == "why"
    answer = Answer.objects.get(run__tag="r1")
    assert (answer.words, answer.declared_words) == (2, 7)
    assert BankVersion.objects.get().note == "As imported from file.jsonl."
    scores = nugget_scores(bank_for(track, result.object), result.object)
    assert dict(zip(scores.runs, scores.means("vital_strict"), strict=True)) == {"r1": 0.5, "r2": 1.0}


def test_another_assessor_of_the_same_nuggets_names_the_bank_and_makes_no_other(track):
    load(track, an_answer())
    load(track, an_answer(labels=("partial_support", "support")), assessor="second", bank_name="nist")
    assert (Bank.objects.count(), Answer.objects.count(), BankVersion.objects.count()) == (1, 1, 1)
    second = track.assessors.get(name="second")
    assert nugget_scores(Bank.objects.get(), second).means("vital") == [0.75]


def test_other_labels_of_the_same_assessor_need_to_be_asked_for(track):
    load(track, an_answer())
    with pytest.raises(DomainError, match="already has other labels"):
        load(track, an_answer(labels=("support", "support")))
    assert load(track, an_answer(labels=("support", "support")), replace=True).status == "replaced"
    assert set(NuggetAssignment.objects.values_list("label", flat=True)) == {"support"}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (an_answer(qid=True), "qid: the id is empty"),
        (an_answer(run="two words"), "run_id: the id contains white space"),
        (an_answer(text=None), "answer_text is no text"),
        (an_answer(query=3), "query is no text"),
        (an_answer(response_length=True), "response_length is no whole number of words"),
        (an_answer(labels=("support", "perhaps")), "nugget 2: assignment is not one of"),
        (an_answer(labels=()), "nuggets is no list with at least one nugget"),
        (an_answer() | {"nuggets": ["a fact"]}, "nugget 1 is no JSON object"),
        (an_answer() | {"nuggets": [nugget(" ", assignment="support")]}, "nugget 1 has no text"),
        (an_answer() | {"nuggets": [{"text": "a", "assignment": "support"}]}, "nugget 1: importance is not one of"),
    ],
)
def test_a_record_that_is_wrong_is_told_by_its_line_and_nothing_is_stored(track, record, said):
    with pytest.raises(FileError) as refused:
        load(track, an_answer(run="good"), record)
    assert [(line, message.startswith(said)) for line, message in problems_of(refused)] == [(2, True)]
    assert_nothing_stored()


def test_an_answer_twice_and_nuggets_that_differ_within_a_topic_are_refused(track):
    with pytest.raises(FileError) as refused:
        load(track, an_answer(), an_answer(), an_answer(run="r2", labels=("support",)))
    assert problems_of(refused) == [
        (2, "run r1 has answered topic q1 before, on line 1"),
        (3, "the nuggets of topic q1 are not those of its first answer"),
    ]
    assert_nothing_stored()


def test_topics_that_the_track_has_not_are_refused_where_it_has_some(track):
    Topic.objects.create(track=track, qid="q9", query="other", position=1)
    with pytest.raises(FileError) as refused:
        load(track, an_answer(qid="q9"), an_answer())
    assert problems_of(refused) == [(2, "the track has no topic q1")]


def test_an_answer_with_another_text_and_a_list_that_differs_are_refused(track):
    load(track, an_answer())
    with pytest.raises(FileError) as refused:
        load(track, an_answer(text="Another."), assessor="second", bank_name="nist")
    assert problems_of(refused) == [(1, "the answer of r1 to topic q1 is here with another text")]
    with pytest.raises(FileError) as refused:
        load(track, an_answer(labels=("support",)), assessor="second", bank_name="nist")
    assert problems_of(refused) == [(1, "the nuggets of topic q1 are not those of bank nist")]
    assert not track.assessors.filter(name="second").exists()


def test_a_judges_name_is_not_taken(track):
    make_judge(track, "umbrela")
    with pytest.raises(DomainError, match="umbrela is another assessor here"):
        load(track, an_answer(), assessor="umbrela")


def test_a_file_of_qrels_may_come_from_the_same_assessor(track):
    load(track, an_answer())
    result = qrels_import(track=track, source=io.BytesIO(b"q1 0 d1 2\n"), name="nist.qrels", assessor_name="nist")
    assert (result.status, track.assessors.count(), NuggetAssignment.objects.count()) == ("stored", 1, 2)


def test_a_missing_answer_counts_as_0_and_an_unlabelled_one_is_left_out(track):
    load(track, an_answer(), an_answer(qid="q2"), an_answer(run="r2"))
    assessor = track.assessors.get()
    scores = nugget_scores(bank_for(track, assessor), assessor)
    assert (scores.means("vital_strict"), scores.missing.tolist()) == ([0.5, 0.25], [0, 1])
    NuggetAssignment.objects.filter(answer__run__tag="r1", answer__topic__qid="q1").first().delete()
    scores = nugget_scores(bank_for(track, assessor), assessor)
    assert (scores.means("vital_strict"), scores.unlabelled.tolist()) == ([0.5, 0.25], [1, 0])
    exported = [json.loads(line) for line in assignment_lines(scores.bank, assessor)]
    assert [(one["qid"], one["run_id"]) for one in exported] == [("q1", "r2"), ("q2", "r1")]


def test_declared_topics_are_the_only_ones_and_need_nuggets(track):
    load(track, an_answer(), an_answer(qid="q2", labels=("support", "support")))
    assessor, bank = track.assessors.get(), Bank.objects.get()
    assert nugget_scores(bank, assessor, [track.topics.get(qid="q2")]).means("all") == [1.0]
    empty = Topic.objects.create(track=track, qid="q3", query="nothing", position=3)
    with pytest.raises(DomainError, match="nist has no nuggets for q3"):
        nugget_scores(bank, assessor, [empty])


def test_a_list_without_importance_is_a_draft(track):
    load_nuggets(track, {"qid": "q1", "query": "why", "nuggets": [{"text": "a fact"}]})
    (found,) = scored_lists(Bank.objects.get()).values()
    assert (found.frozen, found.nuggets[0].importance) == (None, "")
    assert [json.loads(line)["nuggets"] for line in nugget_lines(Bank.objects.get())] == [[{"text": "a fact"}]]


def test_the_same_nuggets_again_are_unchanged_and_others_are_refused(track):
    given = {"qid": "q1", "query": "why", "nuggets": [nugget()]}
    assert load_nuggets(track, given).status == "stored"
    assert load_nuggets(track, given).status == "unchanged"
    with pytest.raises(FileError, match="nothing of it was stored"):
        load_nuggets(track, given | {"nuggets": [nugget("another fact")]})
    assert load_nuggets(track, given | {"nuggets": [nugget("another fact")]}, bank="other").status == "stored"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"source": "hearsay"}, "nugget 1: source is not one of"),
        ({"mapped_sub_narrative": 3}, "nugget 1: mapped_sub_narrative is no text"),
        ({"importance": "high"}, "nugget 1: importance is not one of"),
    ],
)
def test_nuggets_that_are_wrong_are_told_by_their_line(track, more, said):
    with pytest.raises(FileError) as refused:
        load_nuggets(track, {"qid": "q1", "query": "why", "nuggets": [nugget() | more]})
    assert [(line, message.startswith(said)) for line, message in problems_of(refused)] == [(1, True)]
    assert_nothing_stored()


def test_a_topic_twice_and_an_empty_file_are_refused(track):
    given = {"qid": "q1", "query": "why", "nuggets": [nugget()]}
    with pytest.raises(FileError) as refused:
        load_nuggets(track, given, given)
    assert problems_of(refused) == [(2, "topic q1 has a list before, on line 1")]
    with pytest.raises(FileError) as refused:
        load_nuggets(track)
    assert problems_of(refused) == [(0, "the file holds no nuggets")]


@pytest.mark.skipif(not RAG25.exists(), reason="The released RAG25 nuggets are not here; see ASSAY_DATA.")
def test_the_rag25_nuggets_come_out_as_they_went_in(track):
    quiet = {"stdout": io.StringIO()}
    call_command("import_topics", "small", str(RAG25_TOPICS), **quiet)
    call_command("import_nuggets", "small", str(RAG25), bank="rag25", condition="auto_edited", **quiet)
    out = io.StringIO()
    call_command("export_nuggets", "small", bank="rag25", stdout=out)
    exported = {record["qid"]: record["nuggets"] for record in map(json.loads, out.getvalue().splitlines())}
    with gzip.open(RAG25, "rt", encoding="utf-8") as file:
        given = {record["qid"]: record["nuggets"] for record in map(json.loads, file)}
    assert exported == given
    assert sum(map(len, exported.values())) == 1255
