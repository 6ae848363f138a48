"""Judge configurations and the assessors that they are."""

from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Track
from llm_worker.domain import prompts
from llm_worker.domain.replies import grade_tokens
from llm_worker.engines import ENGINE_KINDS
from llm_worker.models import JudgeConfiguration

LONGEST_NAME = JudgeConfiguration._meta.get_field("name").max_length


def judge_create(
    *,
    name: str,
    engine: str,
    model: str,
    prompt: str,
    decoding: str,
    options: dict | None = None,
    queue: str = "cpu",
    description: str = "",
) -> JudgeConfiguration:
    """A new judge. Another model, prompt, decoding or server is another judge: none is ever changed once it judged."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise DomainError(f"A judge's name has 1 to {LONGEST_NAME} characters.")
    if engine not in ENGINE_KINDS:
        raise DomainError(f"There is no engine {engine!r}; there are: {', '.join(ENGINE_KINDS)}.")
    if JudgeConfiguration.objects.filter(name=name).exists():
        raise DomainError(f"There is a judge {name!r} already; a judge is never changed, so choose another name.")
    if decoding not in prompts.find(prompt).decodings:
        raise DomainError(f"The prompt {prompt} has no decoding {decoding!r}.")
    return JudgeConfiguration.objects.create(
        name=name,
        engine=engine,
        model=model,
        prompt=prompt,
        decoding=decoding,
        options=options or {},
        queue=queue,
        description=description,
    )


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
    """The assessor that this judge is in this track, made on first use. Raises DomainError for a name that is taken."""
    assessor, made = Assessor.objects.get_or_create(
        track=track, name=judge.name, defaults={"kind": Assessor.Kind.LLM, "caveat": judge.caveat}
    )
    if assessor.kind != Assessor.Kind.LLM:
        raise DomainError(
            f"In {track.slug} the name {judge.name} is taken by another assessor ({assessor.get_kind_display()})."
        )
    if hasattr(assessor, "ensemble"):
        raise DomainError(f"In {track.slug} the name {judge.name} is taken by an ensemble.")
    if made:
        judge.assessors.add(assessor)
    return assessor
