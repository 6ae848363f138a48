"""Two judge configurations, field by field."""

from typing import NamedTuple

from assessment.domain.errors import DomainError
from llm_worker.domain import prompts
from llm_worker.domain.limits import in_money
from llm_worker.models import JudgeConfiguration


class Fact(NamedTuple):
    """One thing that two judges have; `is_name` for what no reader needs spelled in prose (hashes, models, options)."""

    label: str
    values: tuple[str, ...]
    is_name: bool = False

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


_NAMES = {"Model", "Revision", "Prompt", "sha256 of the prompt", "Options"}


def judge_facts(judge: JudgeConfiguration) -> dict[str, str]:
    """What decides a judge's labels, and what it costs, in words; empty where it has none."""
    prompt = _prompt(judge)
    decoding = prompt and prompt.decodings.get(judge.decoding)
    return {
        "Task": judge.get_task_display(),
        "Engine": judge.engine,
        "Model": judge.model,
        "Revision": judge.model_revision,
        "Options": ", ".join(f"{name}={value}" for name, value in sorted(judge.options.items())),
        "Prompt": judge.prompt,
        "sha256 of the prompt": judge.prompt_sha256 or (prompt.sha256 if prompt else ""),
        "Decoding": judge.get_decoding_display(),
        "Longest reply": f"{decoding.max_tokens:,} token{'' if decoding.max_tokens == 1 else 's'}" if decoding else "",
        "Sampling": _sampling(decoding) if decoding else "",
        "Longest passage": _passage(judge) if judge.prompt else "",
        "Examples": _examples(judge),
        "Prices": _prices(judge),
        "Queue": judge.queue,
    }


def configuration_facts(judges: list[JudgeConfiguration]) -> list[Fact]:
    """The facts of these judges side by side, without those that none of them has."""
    facts = [judge_facts(judge) for judge in judges]
    rows = [Fact(label, tuple(one[label] for one in facts), label in _NAMES) for label in facts[0]]
    return [row for row in rows if any(row.values)]


def _prompt(judge: JudgeConfiguration) -> prompts.Prompt | None:
    try:
        return prompts.find(judge.prompt) if judge.prompt else None
    except DomainError:
        return None


def _sampling(decoding: prompts.Decoding) -> str:
    said = f"temperature {decoding.temperature:g}, top-p {decoding.top_p:g}"
    return f"{said}, frequency penalty {decoding.frequency_penalty:g}" if decoding.frequency_penalty else said


def _passage(judge: JudgeConfiguration) -> str:
    limits = [(judge.max_passage_words, "words"), (judge.max_passage_tokens, "tokens")]
    return ", ".join(f"{limit:,} {unit}" for limit, unit in limits if limit) or "not cut"


def _examples(judge: JudgeConfiguration) -> str:
    if not judge.examples_per_grade:
        return ""
    return f"{judge.examples_per_grade} a grade, by {judge.examples_from}, drawn with seed {judge.examples_seed}"


def _prices(judge: JudgeConfiguration) -> str:
    prices = [(judge.price_in, "read"), (judge.price_cached, "from the cache"), (judge.price_out, "written")]
    said = ", ".join(f"{in_money(price, judge.currency)} {what}" for price, what in prices if price is not None)
    return f"{said}, a million tokens" if said else ""
