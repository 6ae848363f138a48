"""Judge configurations and the assessors that they are."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Track
from llm_worker.domain import prompts
from llm_worker.domain.engine_options import QUEUES, checked_options
from llm_worker.domain.limits import Prices
from llm_worker.domain.replies import grade_tokens
from llm_worker.engines import ENGINE_KINDS
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.services.examples import examples_caveat, examples_draw

LONGEST_CAVEAT = Assessor._meta.get_field("caveat").max_length
LONGEST_NAME = JudgeConfiguration._meta.get_field("name").max_length
LONGEST_PASSAGE = 1_000_000
MOST_EXAMPLES = 20
LARGEST_SEED = 2**31 - 1
DEAREST = 1_000_000
DEFAULT_WORDS = JudgeConfiguration._meta.get_field("max_passage_words").default
NO_PRICES = Prices()


class Examples(NamedTuple):
    """Whose grades of other topics a prompt shows, how many of each grade, and the seed of their draw."""

    by: str = ""
    per_grade: int = 0
    seed: int = 0


NO_EXAMPLES = Examples()


def judge_create(
    *,
    name: str,
    engine: str,
    model: str,
    prompt: str,
    decoding: str,
    model_revision: str = "",
    options: Mapping[str, Any] | None = None,
    queue: str = "cpu",
    description: str = "",
    caveat: str = "",
    max_passage_words: int | None = DEFAULT_WORDS,
    max_passage_tokens: int | None = None,
    examples: Examples = NO_EXAMPLES,
    prices: Prices = NO_PRICES,
) -> JudgeConfiguration:
    """A new judge. Another model, prompt, decoding or server is another judge: none is ever changed once it judged.

    Raises DomainError for what cannot judge: an unknown engine, prompt, decoding or option, a key in place of the name
    of its variable, limits or prices below nothing, examples for a prompt that shows none.
    """
    _check_name(name)
    if engine not in ENGINE_KINDS:
        raise DomainError(f"There is no engine {engine!r}; there are: {', '.join(ENGINE_KINDS)}.")
    if not model.strip():
        raise DomainError("A judge needs a model: its name as the server has it, or a folder or file.")
    if queue not in QUEUES:
        raise DomainError(f"There is no queue {queue!r}; there are: {', '.join(QUEUES)}.")
    task = _check_prompt_and_examples(prompt, decoding, examples)
    for what, limit in (("words", max_passage_words), ("tokens", max_passage_tokens)):
        if limit is not None and not 1 <= limit <= LONGEST_PASSAGE:
            raise DomainError(f"A passage is cut after 1 to {LONGEST_PASSAGE:,} {what}, or not by {what} at all.")
    judge = JudgeConfiguration(
        name=name,
        task=task,
        engine=engine,
        model=model.strip(),
        model_revision=model_revision.strip(),
        prompt=prompt,
        decoding=decoding,
        options=checked_options(engine, options or {}),
        queue=queue,
        description=description,
        caveat=caveat,
        max_passage_words=max_passage_words,
        max_passage_tokens=max_passage_tokens,
        examples_from=examples.by,
        examples_per_grade=examples.per_grade,
        examples_seed=examples.seed,
    )
    _set_prices(judge, prices)
    _check_lengths(judge)
    judge.save()
    return judge


def judge_set_terms(*, judge: JudgeConfiguration, prices: Prices, description: str, caveat: str) -> None:
    """Change what does not decide its labels: prices, description and caveat. Raises DomainError for bad prices."""
    _set_prices(judge, prices)
    judge.description, judge.caveat = description, caveat
    _check_lengths(judge)
    judge.save(update_fields=["price_in", "price_cached", "price_out", "currency", "description", "caveat"])


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME:
        raise DomainError(f"A judge's name has 1 to {LONGEST_NAME} characters, and no space at its ends.")
    if JudgeConfiguration.objects.filter(name=name).exists():
        raise DomainError(f"There is a judge {name!r} already; a judge is never changed, so choose another name.")


def _check_prompt_and_examples(prompt: str, decoding: str, examples: Examples) -> str:
    """The task that the prompt is for. Raises DomainError for what does not fit together."""
    found = prompts.find(prompt)
    if found.task not in JudgeConfiguration.Task.values:
        raise DomainError(f"The prompt {prompt} is for {found.task}: it goes on where another one ends, never alone.")
    if decoding not in found.decodings:
        raise DomainError(f"The prompt {prompt} has no decoding {decoding!r}; it has: {', '.join(found.decodings)}.")
    if found.shows_examples and not (examples.by and examples.per_grade):
        raise DomainError(f"The prompt {prompt} shows examples: say whose grades they are, and how many a grade.")
    if not found.shows_examples and (examples.by or examples.per_grade):
        raise DomainError(f"The prompt {prompt} shows no examples; choose one that does, or none of them.")
    if not 0 <= examples.per_grade <= MOST_EXAMPLES or not 0 <= examples.seed <= LARGEST_SEED:
        raise DomainError(f"Examples are 1 to {MOST_EXAMPLES} a grade, drawn with a seed from 0 to {LARGEST_SEED}.")
    return found.task


def _set_prices(judge: JudgeConfiguration, prices: Prices) -> None:
    named = {"read": prices.read, "from the cache": prices.cached, "written": prices.written}
    for what, price in named.items():
        if price is not None and not 0 <= price < DEAREST:
            raise DomainError(f"The price of a million tokens {what} is from 0 to {DEAREST:,}.")
    if (prices.read is None) != (prices.written is None) or (prices.cached is not None and prices.read is None):
        raise DomainError("Prices come together: of tokens read and of tokens written.")
    if not re.fullmatch("[A-Z]{3}", prices.currency):
        raise DomainError("A currency has three capital letters, such as USD or EUR.")
    judge.price_in, judge.price_cached, judge.price_out = prices.read, prices.cached, prices.written
    judge.currency = prices.currency


def _check_lengths(judge: JudgeConfiguration) -> None:
    """Raises DomainError for a text that its column cannot hold."""
    for field in judge._meta.fields:
        value = getattr(judge, field.attname)
        if isinstance(value, str):
            if "\x00" in value:
                raise DomainError(f"The {field.verbose_name} holds a character that cannot be stored.")
            if field.max_length and len(value) > field.max_length:
                raise DomainError(f"The {field.verbose_name} has at most {field.max_length} characters.")


def judge_check_mode(*, judge: JudgeConfiguration, mode: str) -> None:
    """Refuse to have workers ask a judge without a server, or to write files for one that asks no model."""
    by_files = mode == LlmJob.Mode.BATCH
    if by_files and judge.task != JudgeConfiguration.Task.RELEVANCE:
        raise DomainError(f"By files passages are graded; to {judge.get_task_display()} is a task for workers.")
    if not by_files and judge.is_by_files_only:
        raise DomainError(
            f"{judge.name} has no server’s address, so workers cannot ask it: begin the job by files, or make a judge "
            "like it with the address of a server."
        )
    if by_files and judge.decoding == JudgeConfiguration.Decoding.NONE:
        raise DomainError(f"{judge.name} asks no model, so there is nothing to send away: start it as a job.")


def judge_check_grades(judge: JudgeConfiguration) -> None:
    """Raises DomainError for a judge whose task is another one than relevance."""
    if judge.task != JudgeConfiguration.Task.RELEVANCE:
        raise DomainError(f"{judge.name} grades no passages: its task is to {judge.get_task_display()}.")


def judge_check_scale(*, judge: JudgeConfiguration, track: Track) -> None:
    """Refuse a single-token judge in a track with a grade that is not one digit."""
    if judge.decoding == JudgeConfiguration.Decoding.TOKEN:
        try:
            grade_tokens(list(track.grades.values_list("value", flat=True)))
        except ValueError as error:
            raise DomainError(str(error)) from error


def judge_freeze(judge: JudgeConfiguration) -> None:
    """At its first use: the judge is tied to the bytes of its prompt file, and the database lets it change no more.

    Raises DomainError where the file has changed since.
    """
    judge_check_prompt(judge)
    if judge.frozen_at is None:
        digest = judge.prompt_sha256 or (prompts.find(judge.prompt).sha256 if judge.prompt else "")
        unused = JudgeConfiguration.objects.filter(pk=judge.pk, frozen_at=None)  # of two jobs at once, one freezes it
        unused.update(prompt_sha256=digest, frozen_at=timezone.now())
        judge.refresh_from_db(fields=["prompt_sha256", "frozen_at"])


def judge_check_prompt(judge: JudgeConfiguration) -> None:
    """Raises DomainError where the prompt file has changed since the judge first judged."""
    if judge.prompt_sha256 and prompts.find(judge.prompt).sha256 != judge.prompt_sha256:
        raise DomainError(
            f"The prompt file {judge.prompt} has changed since {judge.name} first judged. A new wording is a new file "
            "and a new judge: restore the file, and make another judge for the new one."
        )


def judge_assessor(*, judge: JudgeConfiguration, track: Track) -> Assessor:
    """The assessor that this judge is in this track, made on first use, and its examples drawn.

    Raises DomainError for a name that is taken, and where the examples cannot be had.
    """
    assessor, made = Assessor.objects.get_or_create(
        track=track,
        name=judge.name,
        defaults={"kind": Assessor.Kind.LLM, "caveat": _caveat(judge), "language_models": judge.model},
    )
    if assessor.kind != Assessor.Kind.LLM:
        raise DomainError(
            f"In {track.slug} the name {judge.name} is taken by another assessor ({assessor.get_kind_display()})."
        )
    if hasattr(assessor, "ensemble"):
        raise DomainError(f"In {track.slug} the name {judge.name} is taken by an ensemble.")
    if judge.examples_per_grade:
        examples_draw(judge=judge, track=track)
    if made:
        judge.assessors.add(assessor)
    return assessor


def _caveat(judge: JudgeConfiguration) -> str:
    """Whose grades its prompt has seen, before what else is to be known of it."""
    said = " ".join(part for part in (examples_caveat(judge), judge.caveat) if part)
    return said if len(said) <= LONGEST_CAVEAT else said[: LONGEST_CAVEAT - 1] + "…"
