"""A track with relevant passages and answers for judges of nuggets, and an engine that answers by what it is asked."""

import json
import re

from assessment.models import Assessor, Judgment, JudgmentState
from llm_worker.engines import Reply, engine_for
from nuggets.models import Answer, AnswerRun
from tests.llm_worker.conftest import fill_pool, scripted_judge


def relevant_pool(track, topics=1, passages=3, grade=2):
    """A pool all of whose passages an imported assessor, nist, graded alike."""
    pool = fill_pool(track, topics=topics, passages=passages)
    nist = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")
    Judgment.objects.bulk_create(
        Judgment(
            assessor=nist,
            topic_id=item.topic_id,
            document_id=item.document_id,
            grade=grade,
            state=JudgmentState.GRADED,
        )
        for item in pool.items.all()
    )
    return pool


def answers_of(track, *texts, tag="run"):
    """A run that answers the track's topics with these texts, in their order."""
    run = AnswerRun.objects.create(track=track, tag=tag)
    return [
        Answer.objects.create(run=run, topic=topic, text=text, words=len(text.split()))
        for topic, text in zip(track.topics.order_by("position"), texts, strict=False)
    ]


def nugget_judge(name="nuggetizer", **options):
    return scripted_judge(name=name, prompt="nuggets.v1", decoding="json", **options)


def assigner(name="assigner", prompt="nugget-assignment.v1", **options):
    return scripted_judge(name=name, prompt=prompt, decoding="json", **options)


def engine_of(judge, answer=None):
    """The judge's engine in this process; `answer` is what it says where nothing is enqueued."""
    engine = engine_for(judge.engine, judge.model, judge.options)
    engine.answer = answer or engine.answer
    return engine


def said(**fields) -> Reply:
    """A reply of one JSON object."""
    return Reply(text=json.dumps(fields), finish_reason="stop", tokens_in=100, tokens_out=10)


def obliging(request) -> Reply:
    """One more nugget a window; the first of a batch is vital; the first of a batch is supported."""
    content = request.messages[-1].content
    schema = request.json_schema["properties"]
    if "nuggets" in schema:
        passages = len(re.findall(r"^Passage \d+:$", content, re.MULTILINE))
        return said(nuggets=[f"fact {number} of {passages}" for number in range(1, passages + 1)])
    first, *_, last = schema["labels"]["items"]["enum"]
    count = schema["labels"]["minItems"]
    return said(labels=[first] + [last] * (count - 1))
