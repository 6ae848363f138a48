"""The whole loop with the small model that comes with Assay, on real passages of the demo's track."""

import pytest

from assessment.services.imports import documents_import, qrels_import, topics_import
from assessment.services.tracks import track_create
from config.demo.datasets import DEMO_TRACKS
from llm_worker.domain.replies import State
from llm_worker.engines import EngineUnavailable
from llm_worker.engines import llama_cpp as module
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.selectors import job_progress
from llm_worker.services.nugget_jobs import ListSettings, nuggets_assign, nuggets_make
from nuggets.models import Nugget, NuggetAssignment
from nuggets.selectors.relevant import relevant_passages
from tests.llm_worker.conftest import work_off
from tests.llm_worker.nugget_world import answers_of

SMALL = ListSettings(window=2, most_nuggets=6, keep=4)


@pytest.fixture
def demo_track(alice):
    """The demo's first track with its texts and people's grades, all but one topic left out."""
    try:
        module.model_file(module.DEFAULT_MODEL)
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
    described = next(one for one in DEMO_TRACKS if one.documents)
    track = track_create(slug=described.slug, name=described.name, scale=range(4), created_by=alice)
    topics_import(track=track, source=described.topics, name=described.topics.name)
    documents_import(track=track, source=described.documents, name=described.documents.name)
    qrels = next(one for one in described.qrels if one.made_by == "person")
    qrels_import(track=track, source=qrels.path, name=qrels.path.name, assessor_name=qrels.assessor)
    track.topics.exclude(pk=track.topics.order_by("position").first().pk).delete()
    track.assessors.get().judgments.filter(grade__lt=2).delete()
    return track


@pytest.mark.engine
def test_the_small_model_makes_a_list_from_real_passages_and_looks_for_it_in_an_answer(demo_track):
    topic = demo_track.topics.get()
    passages = relevant_passages(demo_track, [topic], threshold=2)[topic.pk]
    kept = demo_track.collection.documents.filter(pk__in=passages[:4])
    demo_track.assessors.get().judgments.exclude(document__in=kept).delete()
    maker = JudgeConfiguration.objects.get(name="nuggetizer-small")
    job = nuggets_make(track=demo_track, judge=maker, settings=SMALL)
    work_off(job)

    windows = job.calls.filter(part=LlmCall.Part.WINDOW)
    assert windows.count() == 2
    progress = job_progress(job)
    nuggets = Nugget.objects.filter(topic_bank__bank=job.bank)
    if progress.state == "partial":  # so small a model may not come to an end; then no list is made of it
        assert not nuggets.exists()
        return
    assert progress.state == "done"
    # Constrained decoding: whatever it says is the JSON that was asked for.
    assert all(call.result["nuggets"] and len(call.result["nuggets"]) <= 6 for call in windows)
    assert 1 <= nuggets.count() <= 4
    assert {nugget.importance for nugget in nuggets} <= {"vital", "okay"}

    (answer,) = answers_of(demo_track, kept[0].text)
    judge = JudgeConfiguration.objects.get(name="assigner-small")
    assigning = nuggets_assign(bank=job.bank, judge=judge)
    work_off(assigning)
    (call,) = assigning.calls.all()
    assert call.status == State.OK
    assert NuggetAssignment.objects.filter(answer=answer).count() == nuggets.count()
