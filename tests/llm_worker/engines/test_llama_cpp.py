import math

import pytest

from assessment.domain.scales import PRESETS
from llm_worker.domain.prompts import find, render
from llm_worker.domain.replies import State, grade_tokens, parse_reference, parse_token
from llm_worker.domain.umbrela import umbrela_values
from llm_worker.engines import EngineUnavailable, Message, Parameters, Request, build_engine
from llm_worker.engines import llama_cpp as module

PROMPT = find("umbrela.v1")
GRADES = (0, 1, 2, 3)


def judging(decoding, passage):
    values = umbrela_values(PROMPT, query="how long do fleas live", passage=passage, scale=PRESETS["0-3"]).values
    messages = tuple(Message(role, content) for role, content in render(PROMPT, values))
    parameters = Parameters(decoding.max_tokens, decoding.temperature, decoding.top_p, decoding.frequency_penalty)
    if not decoding.single_token:
        return Request(messages, parameters)
    return Request(messages, parameters, grade_tokens(GRADES), PROMPT.answer_prefix)


@pytest.fixture(scope="module")
def engine():
    try:
        module.model_file(module.DEFAULT_MODEL)
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
    built = build_engine("llama_cpp", "")
    yield built
    built.close()


@pytest.mark.engine
def test_a_passage_gets_one_token_and_the_probability_of_every_grade(engine):
    request = judging(PROMPT.decodings["token"], "A flea lives for about a hundred days.")
    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert reply.text in {"0", "1", "2", "3"}
    assert set(reply.answer_logprobs) == {"0", "1", "2", "3"}
    assert reply.tokens_out == 1
    outcome = parse_token(reply.answer_logprobs, GRADES, reply.finish_reason)
    assert outcome.state is State.OK
    assert str(outcome.grade) == reply.text
    # Behind the prefix with its trailing space nearly everything falls on digits, but these four are not all of them.
    assert 0.0 < outcome.outside_mass < 0.9
    assert math.fsum(outcome.probabilities.values()) == pytest.approx(1.0)


@pytest.mark.engine
def test_a_passage_gets_a_reply_of_the_reference_decoding(engine):
    request = judging(PROMPT.decodings["reference"], "A flea lives for about a hundred days.")
    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert reply.text
    assert 1 <= reply.tokens_out <= 100
    outcome = parse_reference(reply.text, reply.finish_reason, GRADES, reply.refused)
    assert (outcome.grade in GRADES) == (outcome.state is State.OK)


@pytest.mark.engine
def test_prompts_of_one_topic_share_what_the_model_has_read(engine):
    passages = ("Fleas live long.", "Cats sleep.", "A dog's life.")
    replies = [reply for _, reply in engine.complete([judging(PROMPT.decodings["token"], text) for text in passages])]

    assert all(reply.cached_tokens > 0.8 * reply.tokens_in for reply in replies[1:])


@pytest.mark.engine
def test_a_prompt_that_does_not_fit_is_an_error_of_its_own(engine):
    decoding = PROMPT.decodings["token"]
    replies = dict(engine.complete([judging(decoding, "flea " * 6000), judging(decoding, "Fleas live long.")]))

    assert "context" in replies[0].error
    assert replies[1].error is None


def test_a_missing_model_says_what_to_install(monkeypatch):
    def missing(name):
        raise module.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module.importlib.metadata, "files", missing)
    with pytest.raises(EngineUnavailable, match=r"requirements-model\.txt"):
        module.model_file(module.DEFAULT_MODEL)


def test_a_model_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"absent\.gguf"):
        module.model_file(str(tmp_path / "absent.gguf"))
