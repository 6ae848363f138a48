import pytest

from llm_worker.engines import EngineUnavailable, Message, Parameters, Reply, Request
from llm_worker.engines.scripted import ScriptedEngine


def asking(text):
    return Request((Message("user", text),), Parameters(5))


def test_enqueued_answers_come_first_then_the_function_of_the_request():
    engine = ScriptedEngine(answer=lambda request: f"echo {request.messages[0].content}")
    engine.enqueue("one", Reply(text="two", finish_reason="length"))

    replies = [reply for _, reply in engine.complete([asking("a"), asking("b"), asking("c")])]

    assert [(reply.text, reply.finish_reason) for reply in replies] == [
        ("one", "stop"),
        ("two", "length"),
        ("echo c", "stop"),
    ]
    assert [request.messages[0].content for request in engine.history] == ["a", "b", "c"]


def test_an_engine_that_goes_away_leaves_the_replies_before_it():
    engine = ScriptedEngine()
    engine.enqueue("one", EngineUnavailable("gone", retry_after=7))
    replies = engine.complete([asking("a"), asking("b")])

    assert next(replies)[1].text == "one"
    with pytest.raises(EngineUnavailable, match="gone") as caught:
        next(replies)
    assert caught.value.retry_after == 7


def test_a_script_at_its_end_fails_the_item():
    ((_, reply),) = ScriptedEngine().complete([asking("a")])

    assert "no answer left" in reply.error


def test_the_time_slept_is_the_latency():
    ((_, reply),) = ScriptedEngine(answer="x", seconds=0.02).complete([asking("a")])

    assert reply.latency_ms >= 20
