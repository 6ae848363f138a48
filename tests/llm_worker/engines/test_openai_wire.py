import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_worker.engines import Message, Parameters, Request
from llm_worker.engines.openai_wire import answer_logprobs, error_code, read_reply, request_body

FREE = Request((Message("user", "Judge."),), Parameters(100, frequency_penalty=0.5, seed=7))
TOKEN = Request((Message("user", "Judge."),), Parameters(1), ("0", "1"), "##final score: ")


WORDS = ["choices", "message", "content", "usage", "prompt_tokens", "prompt_tokens_details", "cached_tokens"]
WORDS += ["finish_reason", "logprobs", "top_logprobs", "token", "logprob", "reasoning", "refusal"]


def answer(content="##final score: 2", finish_reason="stop", logprobs=None, **message):
    choice = {"message": {"content": content, **message}, "finish_reason": finish_reason, "logprobs": logprobs}
    usage = {"prompt_tokens": 40, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 32}}
    return {"choices": [choice], "usage": usage}


def tops(*entries):
    listed = [{"token": token, "logprob": logprob} for token, logprob in entries]
    return {"content": [{**listed[0], "top_logprobs": listed}]}


def test_free_text_carries_the_decoding_as_it_is():
    body = request_body(FREE, "m", "vllm")

    assert (body["max_tokens"], body["temperature"], body["top_p"]) == (100, 0.0, 1.0)
    assert (body["frequency_penalty"], body["seed"]) == (0.5, 7)
    assert "logprobs" not in body
    assert body["messages"] == [{"role": "user", "content": "Judge."}]


def test_llama_cpp_continues_the_prefix_under_a_grammar():
    body = request_body(TOKEN, "m", "llama.cpp")

    assert body["messages"][-1] == {"role": "assistant", "content": "##final score: "}
    assert body["grammar"] == 'root ::= "0" | "1"'
    assert body["max_tokens"] == 1
    assert (body["cache_prompt"], body["top_k"], body["min_p"]) == (True, 0, 0.0)


def test_vllm_is_told_to_continue_and_is_held_to_token_ids():
    body = request_body(TOKEN, "m", "vllm", token_ids=[15, 16])

    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["allowed_token_ids"] == body["logprob_token_ids"] == [15, 16]
    assert request_body(TOKEN, "m", "vllm")["structured_outputs"] == {"choice": ["0", "1"]}


def test_a_hosted_server_is_asked_in_words():
    body = request_body(TOKEN, "m", "openai", max_tokens_field="max_completion_tokens")

    assert [message["role"] for message in body["messages"]] == ["user"]
    assert body["messages"][0]["content"].endswith("nothing else: 0, 1.")
    assert (body["max_completion_tokens"], body["top_logprobs"]) == (1, 20)


@pytest.mark.parametrize("dialect", ["vllm", "llama.cpp", "openai"])
def test_a_schema_goes_to_every_server_in_the_same_words(dialect):
    schema = {"type": "array", "items": {"type": "string"}}
    request = Request((Message("user", "A list."),), Parameters(50), json_schema=schema)

    asked = request_body(request, "m", dialect)["response_format"]

    assert asked == {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}
    assert "response_format" not in request_body(FREE, "m", dialect)
    assert "response_format" not in request_body(TOKEN, "m", dialect)


def test_a_reply_is_read_with_its_usage():
    reply = read_reply(answer(reasoning_content="hm"), FREE, constrained=False, loose=False)

    assert (reply.text, reply.reasoning, reply.finish_reason) == ("##final score: 2", "hm", "stop")
    assert (reply.tokens_in, reply.tokens_out, reply.cached_tokens) == (40, 6, 32)
    assert reply.answer_logprobs is None
    assert not reply.refused


def test_a_repeated_answer_prefix_is_no_part_of_the_text():
    assert read_reply(answer("##final score: 1"), TOKEN, False, False).text == "1"
    assert read_reply(answer("1"), TOKEN, False, False).text == "1"


def test_only_the_servers_own_flags_make_a_refusal():
    assert read_reply(answer(None, "content_filter"), FREE, False, False).refused
    assert read_reply(answer(None, refusal="I will not."), FREE, False, False).refused
    assert not read_reply(answer("I will not."), FREE, False, False).refused


NO_COMPLETIONS = [
    {},
    {"choices": []},
    {"choices": [{}]},
    {"choices": "none"},
    {"choices": [{"message": "text"}]},
    {"choices": [{"message": {"content": ["parts"]}}]},
    {"choices": {"0": {"message": {"content": "text"}}}},
    [],
    "text",
    7,
    None,
]


@pytest.mark.parametrize("data", NO_COMPLETIONS)
def test_what_is_no_completion_is_an_error(data):
    with pytest.raises(ValueError, match="not a chat completion"):
        read_reply(data, FREE, False, False)


def test_the_answers_are_found_among_the_alternatives():
    logprobs = tops(("1", -0.5), ("x", -1.0), (" 1", -2.0), ("0", -3.0))

    assert answer_logprobs(logprobs, ("0", "1", "2"), loose=False) == {"0": -3.0, "1": -0.5}
    loose = answer_logprobs(logprobs, ("0", "1", "2"), loose=True)
    assert math.exp(loose["1"]) == pytest.approx(math.exp(-0.5) + math.exp(-2.0))


def test_no_alternatives_are_no_log_probabilities():
    assert answer_logprobs(None, ("0",), False) is None
    assert answer_logprobs({"content": []}, ("0",), False) is None
    assert answer_logprobs(tops(("x", -0.1)), ("0",), False) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.dictionaries(st.sampled_from(WORDS), JSON), st.sampled_from([FREE, TOKEN]), st.booleans())
def test_whatever_else_a_completion_holds_is_read_or_left_out(anything, choice, request, loose):
    data = {"usage": anything, "choices": [choice | {"message": {"content": "1", "refusal": None}}]}
    reply = read_reply(data, request, False, loose)

    assert reply.text == "1"
    assert len(reply.finish_reason) <= 40
    assert "\x00" not in reply.finish_reason
    for count in (reply.tokens_in, reply.tokens_out, reply.cached_tokens):
        assert count is None or 0 <= count < 2**31
    assert all(isinstance(value, int | float) for value in (reply.answer_logprobs or {}).values())


@given(JSON)
def test_json_that_is_no_completion_is_never_taken_for_one(data):
    try:
        reply = read_reply(data, FREE, False, False)
    except ValueError:
        return
    assert isinstance(data["choices"][0]["message"], dict)
    assert reply.text == (data["choices"][0]["message"].get("content") or "")


def test_an_errors_code_is_read_where_there_is_one():
    assert error_code(b'{"error": {"code": "content_filter"}}') == "content_filter"
    for body in (b"", b"<html>", b"[]", b'{"error": "text"}', b'{"error": {"code": 7}}', b"[" * 100_000):
        assert error_code(body) is None
