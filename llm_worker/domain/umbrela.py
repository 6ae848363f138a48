"""The values of the UMBRELA prompt: the track's scale as text, the query and the passage (methods.md §1)."""

from collections.abc import Sequence
from typing import NamedTuple

from assessment.domain.scales import GradeSpec

from .prompts import Prompt, cut_words, fill


class UmbrelaValues(NamedTuple):
    """What `prompts.render` fills in, and whether the passage lost its end to `max_passage_words`."""

    values: dict[str, str]
    passage_was_cut: bool


def umbrela_values(
    prompt: Prompt,
    *,
    query: str,
    passage: str,
    scale: Sequence[GradeSpec],
    max_passage_words: int | None = None,
) -> UmbrelaValues:
    """Values for one pair. `scale` is the track's, in ascending order; its first grade is the one for no relevance."""
    cut = cut_words(passage, max_passage_words)
    values = {
        "grades": grade_lines(prompt, scale),
        "near_misses": near_misses(prompt, [grade.value for grade in scale]),
        "grade_list": _spoken([str(grade.value) for grade in scale]),
        "query": query.strip(),
        "passage": cut.text.strip(),
    }
    return UmbrelaValues(values, cut.was_cut)


def grade_lines(prompt: Prompt, scale: Sequence[GradeSpec]) -> str:
    """One line a grade, in the scale's order, with its definition where it has one."""
    lines = []
    for grade in scale:
        phrase = prompt.phrases["grade" if grade.definition.strip() else "grade_without_definition"]
        values = {"grade": str(grade.value), "label": grade.label, "definition": grade.definition.strip()}
        lines.append(fill(phrase, values).strip())
    return "\n".join(lines)


def near_misses(prompt: Prompt, grades: Sequence[int]) -> str:
    """The rule for passages between two grades: one line for the first grade above none, the middle ones and the top.

    A scale of two grades has the top's line alone.
    """
    first, middle, top = grades[1:-1][:1], grades[2:-1], grades[-1:]
    lines = [
        fill(prompt.phrases[phrase], {"grade": _spoken([str(grade) for grade in some])}).strip()
        for phrase, some in (("near_miss_first", first), ("near_miss_middle", middle), ("near_miss_top", top))
        if some
    ]
    return "\n".join(lines)


def _spoken(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
