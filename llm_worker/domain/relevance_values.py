"""What a relevance prompt can be filled with: a closed list, and the only place that knows it (methods.md §1).

A prompt file declares those of `VALUES` that it uses, and has the phrases that they are built from.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from assessment.domain.scales import GradeSpec

from .filling import cut_words, fill, mark_for


class TopicText(NamedTuple):
    """What a topic says. `query` is all of it as one text; the others are its parts, empty where it has none."""

    query: str
    title: str = ""
    description: str = ""
    narrative: str = ""
    sub_narratives: tuple[str, ...] = ()


class Example(NamedTuple):
    """A graded pair of another topic."""

    query: str
    passage: str
    grade: int


class PairText(NamedTuple):
    """All that the values of one pair are made of. `scale` is the track's, in ascending order, its first grade being
    the one for no relevance; `example_words` is how many words an example shows of its passage."""

    topic: TopicText
    passage: str
    scale: Sequence[GradeSpec]
    examples: Sequence[Example] = ()
    example_words: int | None = None


def grade_lines(phrases: Mapping[str, str], scale: Sequence[GradeSpec]) -> str:
    """One line a grade, in the scale's order, with its definition where it has one."""
    lines = []
    for grade in scale:
        phrase = phrases["grade" if grade.definition.strip() else "grade_without_definition"]
        values = {"grade": str(grade.value), "label": grade.label, "definition": grade.definition.strip()}
        lines.append(fill(phrase, values).strip())
    return "\n".join(lines)


def near_misses(phrases: Mapping[str, str], grades: Sequence[int]) -> str:
    """The rule for passages between two grades: one line for the first grade above none, the middle ones and the top.

    A scale of two grades has the top's line alone.
    """
    first, middle, top = grades[1:-1][:1], grades[2:-1], grades[-1:]
    lines = [
        fill(phrases[phrase], {"grade": _spoken([str(grade) for grade in some])}).strip()
        for phrase, some in (("near_miss_first", first), ("near_miss_middle", middle), ("near_miss_top", top))
        if some
    ]
    return "\n".join(lines)


def sub_narrative_lines(phrases: Mapping[str, str], sub_narratives: Sequence[str]) -> str:
    """One line each, numbered from 1, or the prompt's own words where the topic has none."""
    lines = [
        fill(phrases["sub_narrative"], {"number": str(number), "text": " ".join(text.split())})
        for number, text in enumerate(sub_narratives, start=1)
    ]
    return "\n".join(lines) or phrases["no_sub_narratives"].strip()


def example_block(phrases: Mapping[str, str], examples: Sequence[Example], max_words: int | None) -> str:
    """Each example by the prompt's phrase, or the prompt's own words where there is none.

    Their passages are data too: `{mark}` in the phrase is one mark that no text of the block contains.
    """
    cut = [(one.query.strip(), cut_words(one.passage, max_words).text.strip(), one.grade) for one in examples]
    mark = mark_for("\n".join(text for query, passage, _ in cut for text in (query, passage)))
    blocks = [
        fill(
            phrases["example"],
            {"number": str(number), "query": query, "passage": passage, "grade": str(grade), "mark": mark},
        ).strip()
        for number, (query, passage, grade) in enumerate(cut, start=1)
    ]
    return "\n\n".join(blocks) or phrases["no_examples"].strip()


def _spoken(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


class Value(NamedTuple):
    """How a value is made; `phrases` names those that it needs from the prompt, with what each may be filled with."""

    meaning: str
    text: Callable[[Mapping[str, str], PairText], str]
    phrases: Mapping[str, frozenset[str]] = {}


_NOTHING: frozenset[str] = frozenset()
_GRADE = frozenset({"grade"})

VALUES: dict[str, Value] = {
    "grades": Value(
        "the track's grades, one a line, with label and definition",
        lambda phrases, pair: grade_lines(phrases, pair.scale),
        {"grade": _GRADE | {"label", "definition"}, "grade_without_definition": _GRADE | {"label"}},
    ),
    "near_misses": Value(
        "which grade a passage between two grades gets",
        lambda phrases, pair: near_misses(phrases, [grade.value for grade in pair.scale]),
        {"near_miss_first": _GRADE, "near_miss_middle": _GRADE, "near_miss_top": _GRADE},
    ),
    "grade_list": Value(
        "the grades that may be given, as in a sentence",
        lambda _, pair: _spoken([str(grade.value) for grade in pair.scale]),
    ),
    "query": Value("all that the topic says, as one text", lambda _, pair: pair.topic.query.strip()),
    "title": Value("the topic's title", lambda _, pair: pair.topic.title.strip()),
    "description": Value(
        "the topic's description",
        lambda phrases, pair: pair.topic.description.strip() or phrases["no_description"].strip(),
        {"no_description": _NOTHING},
    ),
    "narrative": Value(
        "the topic's narrative",
        lambda phrases, pair: pair.topic.narrative.strip() or phrases["no_narrative"].strip(),
        {"no_narrative": _NOTHING},
    ),
    "sub_narratives": Value(
        "the topic's sub-narratives, numbered",
        lambda phrases, pair: sub_narrative_lines(phrases, pair.topic.sub_narratives),
        {"sub_narrative": frozenset({"number", "text"}), "no_sub_narratives": _NOTHING},
    ),
    "examples": Value(
        "graded pairs of other topics",
        lambda phrases, pair: example_block(phrases, pair.examples, pair.example_words),
        {"example": frozenset({"number", "query", "passage", "grade", "mark"}), "no_examples": _NOTHING},
    ),
    "passage": Value("the text to judge", lambda _, pair: pair.passage.strip()),
}


def relevance_values(declared: Sequence[str], phrases: Mapping[str, str], pair: PairText) -> dict[str, str]:
    """The values that a prompt declares, and no others. Its file was checked: each is known and has its phrases."""
    return {name: VALUES[name].text(phrases, pair) for name in declared}
