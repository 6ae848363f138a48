"""Which engine a judge's requests go to."""

import pytest

from llm_worker.job_kinds import prompted
from llm_worker.job_kinds.relevance import PromptedLabeller
from llm_worker.models import JudgeConfiguration


@pytest.mark.parametrize(
    ("engine", "revision", "expected"),
    [
        ("vllm", "0123abc", {"max_model_len": 2048, "revision": "0123abc"}),
        ("vllm", "", {"max_model_len": 2048}),
        ("openai", "0123abc", {"max_model_len": 2048}),
    ],
)
def test_the_judges_revision_reaches_an_engine_that_loads_weights(track, monkeypatch, engine, revision, expected):
    asked = []
    monkeypatch.setattr(prompted, "engine_for", lambda *given: asked.append(given))
    judge = JudgeConfiguration.objects.get(name="umbrela-token")
    judge.engine, judge.model, judge.model_revision = engine, "m", revision
    judge.options = {"max_model_len": 2048}

    assert PromptedLabeller(judge, track).engine is None

    assert asked == [(engine, "m", expected)]
    assert judge.options == {"max_model_len": 2048}
