"""Runs of answers into a track, by service and command."""

import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError, FileError
from assessment.models import Topic
from nuggets.models import Answer, AnswerRun
from nuggets.services.answers import answers_import
from tests.factories import make_track
from tests.nuggets.domain.test_answers import SEGMENTS, later, rag24

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
RAG24 = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared" / "data") / "rag24"
BASELINE = RAG24 / "baseline_rag24.test_gpt-4o_top20.jsonl.gz"


@pytest.fixture
def track():
    track = make_track()
    for place, qid in enumerate(("q1", "7"), 1):
        Topic.objects.create(track=track, qid=qid, query="why", position=place)
    return track


def load(track, *records, **options):
    source = io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())
    return answers_import(track=track, source=source, name="answers.jsonl", **options)


def test_a_file_whose_form_is_of_one_year_needs_no_profile(track):
    result = load(track, rag24())
    assert (result.status, result.summary) == ("stored", "r: 1 answer (TREC RAG 2024).")
    assert [str(warning) for warning in result.warnings] == ["no answer to 1 topic (7): it will count as 0"]
    assert (result.object.profile, Answer.objects.get().words) == ("rag24", 2)


def test_where_several_profiles_fit_one_is_asked_for_and_then_kept(track):
    record = later([("One.", [])], SEGMENTS)
    with pytest.raises(DomainError, match="several submission profiles fit its first record; choose one: rag25, rag26"):
        load(track, record)
    load(track, record, profile_name="rag25")
    second = later([("One.", [])], SEGMENTS, run_id="second")
    assert load(track, second).object.profile == "rag25"


def test_the_same_answers_again_are_unchanged_and_others_of_that_run_refused(track):
    load(track, rag24())
    assert load(track, rag24()).status == "unchanged"
    with pytest.raises(DomainError, match="already has other answers of r"):
        load(track, rag24(parts=[("Other.", [])]))
    assert AnswerRun.objects.count() == 1


def test_an_unknown_topic_refuses_the_file(track):
    with pytest.raises(FileError) as refused:
        load(track, rag24(), rag24("q9"))
    assert [str(problem) for problem in refused.value.problems] == ["line 2: the track has no topic q9"]
    assert not AnswerRun.objects.exists()


def test_a_track_without_topics_and_a_profile_that_is_not_there_are_told(track):
    with pytest.raises(DomainError, match="no submission profile 'rag99'"):
        load(track, rag24(), profile_name="rag99")
    with pytest.raises(DomainError, match="has no topics yet"):
        load(make_track("empty"), rag24())


@pytest.mark.skipif(not BASELINE.exists(), reason="The answers of a 2024 baseline are not here; see ASSAY_DATA.")
def test_a_real_run_of_2024_goes_in_whole(db):
    track, out = make_track("rag24"), io.StringIO()
    call_command("import_topics", "rag24", str(RAG24 / "topics.rag24.test.tsv.gz"), stdout=out)
    call_command("import_answers", "rag24", str(BASELINE), stdout=out, stderr=out)
    run = track.answer_runs.get()
    assert (run.tag, run.profile, run.answers.count()) == ("baseline_rag24.test_gpt-4o_top20", "rag24", 301)
    assert f"stored: {run.tag}: 301 answers (TREC RAG 2024)." in out.getvalue()
