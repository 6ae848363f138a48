import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_worker.engines import EngineUnavailable, Message, Parameters, Request
from llm_worker.engines import openai_patience as module
from llm_worker.engines.openai_compatible import OpenAICompatibleEngine


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.001)


def asking(text="Judge.", allowed=None):
    return Request((Message("user", text),), Parameters(5), allowed, "##final score: " if allowed else "")


def completion(text="fine", **choice):
    return httpx.Response(200, json={"choices": [{"message": {"content": text}, "finish_reason": "stop", **choice}]})


def engine_with(handle, **options):
    options = {"dialect": "openai", "concurrency": 2} | options
    return OpenAICompatibleEngine("m", "http://127.0.0.1:9/v1", transport=httpx.MockTransport(handle), **options)


def in_turn(*responses):
    """A server that gives each response once; an exception is raised instead."""
    left = list(responses)

    def handle(request):
        response = left.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    return handle, left


def only(engine):
    ((_, reply),) = engine.complete([asking()])
    return reply


def test_every_reply_carries_the_index_of_its_request():
    def echo(request):
        return completion(json.loads(request.content)["messages"][0]["content"])

    requests = [asking(f"text {number}") for number in (3, 1, 2, 0)]
    replies = dict(engine_with(echo).complete(requests))

    assert {index: reply.text for index, reply in replies.items()} == {
        0: "text 3",
        1: "text 1",
        2: "text 2",
        3: "text 0",
    }


@given(count=st.integers(1, 12), concurrency=st.integers(1, 5), fails=st.sets(st.integers(0, 11)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_request_ends_once_and_never_more_than_allowed_are_under_way(count, concurrency, fails):
    now, most = 0, 0

    async def slow(request):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        number = int(json.loads(request.content)["messages"][0]["content"])
        return httpx.Response(500) if number in fails else completion(str(number))

    engine = engine_with(slow, concurrency=concurrency, attempts=2)
    replies = list(engine.complete([asking(str(number)) for number in range(count)]))

    assert sorted(index for index, _ in replies) == list(range(count))
    assert {index for index, reply in replies if reply.error} == {number for number in fails if number < count}
    assert all(reply.text == str(index) for index, reply in replies if not reply.error)
    assert most == min(concurrency, count)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_failure_is_tried_again(status):
    handle, left = in_turn(httpx.Response(status), httpx.ReadTimeout("slow"), completion("at last"))

    assert only(engine_with(handle)).text == "at last"
    assert left == []


def test_a_lasting_failure_is_the_items_error_and_loses_no_other():
    def handle(request):
        return completion() if b"good" in request.content else httpx.Response(500, text="out of order")

    replies = dict(engine_with(handle, attempts=2).complete([asking("bad"), asking("good")]))

    assert "500" in replies[0].error
    assert "out of order" in replies[0].error
    assert replies[1].error is None


def test_a_request_that_the_server_refuses_is_not_repeated():
    handle, left = in_turn(httpx.Response(400, text="too long"), completion())

    assert "too long" in only(engine_with(handle)).error
    assert len(left) == 1


def test_a_filtered_prompt_is_refused_not_failed():
    handle, _ = in_turn(httpx.Response(400, json={"error": {"code": "content_filter"}}))
    reply = only(engine_with(handle))

    assert reply.refused
    assert reply.error is None


def test_an_answer_that_is_no_completion_is_an_error():
    for response in (httpx.Response(200, text="<html>"), httpx.Response(200, json={"ok": True})):
        handle, _ = in_turn(response)
        assert "begins" in only(engine_with(handle)).error


def test_a_server_that_is_not_there_makes_the_engine_unavailable():
    handle, _ = in_turn(httpx.ConnectError("refused"))

    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        only(engine_with(handle))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_key_or_unknown_model_stops_everything_and_does_not_print_the_key(status):
    handle, _ = in_turn(httpx.Response(status, text="bad key sk-secret"))

    with pytest.raises(EngineUnavailable) as caught:
        only(engine_with(handle, api_key="sk-secret"))
    assert "sk-secret" not in str(caught.value)


def test_replies_before_the_server_went_away_are_kept():
    handle, _ = in_turn(completion("one"), httpx.ConnectError("refused"))
    replies = engine_with(handle, concurrency=1).complete([asking("a"), asking("b"), asking("c")])

    assert next(replies)[1].text == "one"
    with pytest.raises(EngineUnavailable):
        list(replies)


@pytest.mark.parametrize("status", [429, 503])
def test_one_that_is_told_to_wait_makes_all_of_them_wait(status):
    served = []

    async def handle(request):
        served.append(time.monotonic())
        refused = len(served) == 1
        await asyncio.sleep(0.02 if refused else 0.1)
        return httpx.Response(status, headers={"Retry-After": "0.3"}) if refused else completion()

    replies = list(engine_with(handle, concurrency=3).complete([asking(str(number)) for number in range(9)]))

    assert len([reply for _, reply in replies if reply.text == "fine"]) == 9
    # Two were on the wire with the one that was refused; no other set out before the time was over.
    assert len([moment for moment in served if moment < served[0] + 0.3]) == 3


def test_a_429_without_a_time_holds_the_others_back_too(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.4)
    served = []

    async def handle(request):
        served.append(time.monotonic())
        return httpx.Response(429) if len(served) == 1 else completion()

    list(engine_with(handle, concurrency=1).complete([asking("a")]))
    assert served[1] - served[0] >= 0.2


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("3", 3, 3), ("2.5", 2.5, 2.5), ("", None, None), ("soon", None, None), ("-4", None, None), ("9" * 400, 1e5, 1e6)],
)
def test_retry_after_is_read_in_seconds(value, low, high):
    seconds = module.retry_after(httpx.Response(429, headers={"Retry-After": value}))

    assert seconds is None if low is None else low <= seconds <= high


def test_retry_after_is_read_as_a_date():
    for moment in (datetime.now(UTC) + timedelta(seconds=20), datetime.now(UTC) - timedelta(days=1)):
        seconds = module.retry_after(httpx.Response(429, headers={"Retry-After": format_datetime(moment, usegmt=True)}))
        assert 15 < seconds <= 20 or (seconds == 0.0 and moment < datetime.now(UTC))


def test_a_server_that_asks_for_a_long_wait_is_unavailable_until_then():
    handle, _ = in_turn(httpx.Response(429, headers={"Retry-After": "600"}))

    with pytest.raises(EngineUnavailable) as caught:
        only(engine_with(handle))
    assert caught.value.retry_after == 600


def test_waits_grow_and_are_capped():
    limits = module.Limits(attempts=12, timeout=1.0, longest_wait=0.004)
    client = module.PatientClient(None, "", limits, module.Gate(asyncio.Event()), str)

    pauses = [client._pause(attempt, "no answer") for attempt in range(1, 12)]

    assert all(pause <= 0.004 for pause in pauses)
    assert pauses[0] <= 0.001 < pauses[-1]


PREFIX_IDS = [7, 8, 9]


def vllm_server(tokenize):
    bodies = []

    def handle(request):
        body = json.loads(request.content)
        bodies.append((request.url.path, body))
        if request.url.path == "/tokenize":
            return tokenize(body["prompt"].removeprefix("##final score: "))
        return completion("1", logprobs={"content": [{"token": "1", "logprob": -0.7, "top_logprobs": []}]})

    return handle, bodies


def by_character(answer):
    return httpx.Response(200, json={"tokens": PREFIX_IDS + [100 + int(digit) for digit in answer]})


def test_a_vllm_server_is_asked_once_for_the_ids_of_the_answers():
    handle, bodies = vllm_server(by_character)
    engine = engine_with(handle, dialect="vllm", concurrency=1)

    replies = dict(engine.complete([asking("a", ("0", "1")), asking("b", ("0", "1"))]))

    # Once for the prefix alone and once for each answer behind it.
    assert [path for path, _ in bodies].count("/tokenize") == 3
    assert bodies[-1][1]["allowed_token_ids"] == [100, 101]
    assert replies[0].answer_logprobs == {"1": -0.7}
    assert not replies[0].logprobs_constrained


def test_an_answer_of_two_tokens_is_an_error_and_not_cut():
    handle, bodies = vllm_server(by_character)
    ((_, reply),) = engine_with(handle, dialect="vllm").complete([asking("a", ("1", "10"))])

    assert "'10' is not a single token" in reply.error
    assert {path for path, _ in bodies} == {"/tokenize"}


def test_without_ids_a_vllm_server_gets_a_choice_and_its_values_count_as_renormalised():
    handle, bodies = vllm_server(lambda answer: httpx.Response(404))
    ((_, reply),) = engine_with(handle, dialect="vllm").complete([asking("a", ("0", "1"))])

    assert bodies[-1][1]["structured_outputs"] == {"choice": ["0", "1"]}
    assert reply.logprobs_constrained


def test_a_server_that_ignores_the_constraint_gives_an_error():
    handle, _ = in_turn(completion("Sure, here"))
    ((_, reply),) = engine_with(handle, dialect="llama.cpp").complete([asking("a", ("0", "1"))])

    assert "did not keep to the allowed answers" in reply.error
    assert reply.text == "Sure, here"
