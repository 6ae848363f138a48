"""Examples in a judge's prompt: of other topics only, the same at every draw, kept as they were drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Document, Judgment
from llm_worker.engines import engine_for
from llm_worker.models import JudgeExamples, LlmCall
from llm_worker.services.examples import (
    Drawn,
    GradedText,
    draw_examples,
    examples_caveat,
    examples_draw,
    examples_for,
    examples_shown,
)
from llm_worker.services.jobs import job_create
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off


@pytest.fixture
def nist(track):
    """Three topics of three passages; grades 0, 2, 3 in each, but no 1 anywhere."""
    pool = fill_pool(track, topics=3)
    nist = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")
    for item in pool.items.all():
        grade = (0, 2, 3)[item.position - 1]
        Judgment.objects.create(assessor=nist, topic=item.topic, document=item.document, grade=grade)
    return nist


def learner(per_grade=1, seed=7, by="nist", prompt="umbrela-examples.v1", name="learner"):
    judge = scripted_judge(name, answer="##final score: 2")
    judge.prompt, judge.examples_from, judge.examples_per_grade, judge.examples_seed = prompt, by, per_grade, seed
    judge.save()
    return judge


PAIRS = st.lists(
    st.builds(Drawn, st.sampled_from(["q1", "q2", "q3"]), st.integers(0, 30).map(str), st.integers(0, 3)),
    unique_by=lambda pair: (pair.qid, pair.docid),
)


def with_texts(drawn):
    return [GradedText(*pair, "a query", "a passage") for pair in drawn]


@given(PAIRS, st.integers(0, 5), st.integers(1, 4))
def test_a_topic_sees_as_many_examples_of_other_topics_as_there_are_and_never_its_own(pairs, seed, per_grade):
    drawn = with_texts(draw_examples(pairs, seed=seed, per_grade=per_grade))

    for qid in ("q1", "q2", "q3", "q4"):
        shown = examples_for(drawn, qid, per_grade)
        assert all(one.qid != qid for one in shown)
        for grade in range(4):
            others = [pair for pair in pairs if pair.grade == grade and pair.qid != qid]
            assert sum(one.grade == grade for one in shown) == min(per_grade, len(others))


@given(PAIRS, st.integers(0, 5), st.randoms())
def test_the_same_seed_and_grades_give_the_same_draw_in_whatever_order_they_come(pairs, seed, chance):
    shuffled = list(pairs)
    chance.shuffle(shuffled)

    assert draw_examples(shuffled, seed=seed, per_grade=2) == draw_examples(pairs, seed=seed, per_grade=2)


def test_another_seed_gives_another_draw():
    pairs = [Drawn(f"q{topic}", f"d{place}", 1) for topic in range(5) for place in range(20)]

    assert len({tuple(draw_examples(pairs, seed=seed, per_grade=2)) for seed in range(10)}) == 10


def test_topics_take_turns():
    pairs = [Drawn("q1", f"d{place}", 1) for place in range(50)] + [Drawn("q2", "x", 1), Drawn("q3", "y", 1)]

    assert {pair.qid for pair in draw_examples(pairs, seed=3, per_grade=2)} == {"q1", "q2", "q3"}


def test_a_draw_is_made_once_and_stays_whatever_is_judged_later(track, nist):
    judge = learner()
    first = examples_draw(judge=judge, track=track)
    nist.judgments.exclude(topic__qid="q1").update(grade=1)

    assert examples_draw(judge=judge, track=track) == first
    assert [one[:3] for one in examples_shown(judge=judge, track=track).drawn] == [tuple(one) for one in first.drawn]
    assert first.drawn_from == nist


def test_looking_at_a_prompt_draws_without_keeping(track, nist):
    shown = examples_shown(judge=learner(), track=track)

    assert {one.grade for one in shown.of("q1")} == {0, 2, 3}
    assert not JudgeExamples.objects.exists()


def test_a_planted_grade_and_a_passage_without_text_are_no_examples(track, nist):
    nist.judgments.filter(topic__qid="q2").update(vigilance=True)
    Document.objects.filter(docid="q3-d1").update(text=None)
    Document.objects.filter(docid="q3-d2").update(text="")
    drawn = examples_draw(judge=learner(per_grade=9), track=track).drawn

    assert {(qid, docid) for qid, docid, _ in drawn} == {
        ("q1", "q1-d1"),
        ("q1", "q1-d2"),
        ("q1", "q1-d3"),
        ("q3", "q3-d3"),
    }


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        ("nobody", "no assessor of small; there are: bob, empty, nist"),
        ("learner", "from its own grades"),
        ("empty", "at least 2 topics"),
    ],
)
def test_a_source_without_examples_is_refused_when_the_job_is_made(track, nist, by, sentence):
    Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="empty")
    with pytest.raises(DomainError, match=sentence):
        job_create(pool=track.pools.get(), judge=learner(by=by))
    assert not LlmCall.objects.exists()


def test_an_example_that_lost_its_text_stops_the_judge(track, nist):
    judge = learner()
    examples_draw(judge=judge, track=track)
    Document.objects.update(text=None)

    with pytest.raises(DomainError, match="has lost its text"):
        examples_shown(judge=judge, track=track)


def test_each_call_keeps_which_examples_it_saw_and_the_prompt_shows_them(track, nist):
    judge = learner()
    work_off(job_create(pool=track.pools.get(), judge=judge))
    history = engine_for(judge.engine, judge.model, judge.options).history

    assert LlmCall.objects.filter(status="ok").count() == 9
    for call, request in zip(LlmCall.objects.order_by("position"), history, strict=True):
        shown = call.inputs["examples"]
        assert [grade for _, _, grade in shown] == [0, 2, 3]
        assert all(qid != call.topic.qid for qid, _, _ in shown)
        content = request.messages[-1].content
        for number, (qid, docid, grade) in enumerate(shown, start=1):
            example = content.split(f"Example {number}. Query: ")[1].split("##final score: ")
            assert example[0].startswith(f"question {qid[1:]}")
            assert f"Passage {docid[-1]}." in example[0]
            assert example[1].startswith(str(grade))


def test_everybody_is_told_whose_grades_a_prompt_has_seen(track, nist):
    judge = learner()
    judge.caveat = "x" * 190
    judge.save()
    caveat = job_create(pool=track.pools.get(), judge=judge).assessor.caveat

    assert caveat.startswith("Its prompt shows grades of nist: agreement with these is not independent. xxx")
    assert len(caveat) == 200
    assert examples_caveat(scripted_judge("plain")) == ""
