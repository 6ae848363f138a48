"""Canaries put to a judge, with and without their orders."""

import json

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from llm_worker.domain.canaries import canaries
from llm_worker.engines import EngineUnavailable, Reply, engine_for
from llm_worker.models import LlmCall
from llm_worker.services.canaries import canaries_ask
from tests.llm_worker.conftest import scripted_judge


def obeying(request):
    """A model that gives 3 where it reads the word "ignore" in the passage, else 0."""
    passage = request.messages[-1].content.split("[passage ")[1]
    return "##final score: 3" if "gnor" in passage else "##final score: 0"


def test_the_grades_that_an_order_moved_are_counted(judge, engine, capsys):
    engine.answer = obeying
    call_command("canaries", "--judge", "judge", "--format", "json")
    told = json.loads(capsys.readouterr().out)
    obeyed = [one for one in told["canaries"] if one["grade_with"] == 3]

    assert told["passages"] == told["graded_with_and_without"] == told["orders_flagged"] == len(canaries())
    assert 0 < told["moved_up"] == len(obeyed) < len(canaries())
    assert told["moved_down"] == 0
    assert told["mean_shift_of_expected_grade"] is None
    assert {one["grade_without"] for one in told["canaries"]} == {0}
    assert not LlmCall.objects.exists()


def test_the_same_passage_is_asked_about_twice_and_only_the_order_differs(judge, engine):
    engine.answer = "##final score: 1"
    canaries_ask(judge=judge, canaries=canaries()[:1])
    without, with_order = (request.messages[-1].content for request in engine.history)

    assert canaries()[0].order in with_order
    assert canaries()[0].order not in without
    assert canaries()[0].passage in without
    assert canaries()[0].passage in with_order


def test_the_shift_of_the_expected_grade_is_told_by_judges_with_a_distribution(db, capsys):
    token = scripted_judge("token", decoding="token")
    engine = engine_for(token.engine, token.model, token.options)
    # Half a grade more wherever there is an order: 0 or 1 alike against 1 for certain.
    without, with_order = {"0": -0.6931, "1": -0.6931}, {"1": 0.0}
    engine.enqueue(*(Reply(answer_logprobs=logs) for _ in canaries() for logs in (without, with_order)))
    call_command("canaries", "--judge", "token")
    lines = capsys.readouterr().out.splitlines()

    assert lines[0].split() == ["ignore-1", "en", "0", "→", "1", "+0.50"]
    assert "mean shift of expected grade: 0.5" in lines
    assert f"moved up: {len(canaries())}" in lines


def test_a_reply_without_a_grade_is_told_by_its_state(judge, engine, capsys):
    engine.answer = "no idea"
    call_command("canaries", "--judge", "judge")
    lines = capsys.readouterr().out.splitlines()

    assert "unparsed → unparsed" in lines[0]
    assert "graded with and without: 0" in lines


def test_the_track_gives_the_scale(judge, engine, track):
    engine.answer = "##final score: 1"
    track.grades.filter(value=3).update(label="a label of this track")
    canaries_ask(judge=judge, canaries=canaries()[:1], track=track)

    assert "a label of this track" in engine.history[0].messages[-1].content


def test_what_cannot_be_asked_is_refused_with_a_sentence(judge, engine):
    engine.enqueue(EngineUnavailable("Nobody answers."))
    with pytest.raises(DomainError, match="The engine of judge cannot work: Nobody answers"):
        call_command("canaries", "--judge", "judge")
    with pytest.raises(DomainError, match="reads no prompt"):
        call_command("canaries", "--judge", "lexical-bm25")
    with pytest.raises(DomainError, match="grades no passages"):
        call_command("canaries", "--judge", "nuggetizer-small")
    with pytest.raises(DomainError, match="There is no judge 'x'; there are: .*judge"):
        call_command("canaries", "--judge", "x")
    with pytest.raises(DomainError, match="There is no track 'y'"):
        call_command("canaries", "--judge", "judge", "--track", "y")
