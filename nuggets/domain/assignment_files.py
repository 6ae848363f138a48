"""Files of nugget assignments: one JSON object an answer, with its nuggets and what the answer says of each.

The form of nuggetizer and of NIST's 2024 file: `{"qid", "run_id", "query"?, "answer_text", "response_length"?,
"nuggets": [{"text", "importance", "assignment"}]}`. All answers to a topic are labelled with the same nuggets.
"""

from typing import NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text

from .nugget_files import NuggetLine, nugget_lines, query_text, topic_id

LABELS = ("support", "partial_support", "not_support")
MOST_WORDS = 2**31 - 1  # of a 32-bit column


class AnswerLine(NamedTuple):
    """One answer; `labels` stand in the order of its topic's nuggets."""

    line: int
    topic: str
    run: str
    text: str
    declared_words: int | None
    labels: tuple[str, ...]


class AssignmentFile(NamedTuple):
    """`nuggets` and `queries` by topic, topics in the order of the file."""

    answers: list[AnswerLine]
    nuggets: dict[str, tuple[NuggetLine, ...]]
    queries: dict[str, str]


def read_assignments(source: Source, name: str, *, progress: Progress | None = None) -> AssignmentFile:
    """Read a whole file. Raises FileError with every problem and its line."""
    problems = Problems(name)
    read = AssignmentFile([], {}, {})
    first_seen: dict[tuple[str, str], int] = {}
    for number, record, _ in json_objects(source, problems, progress=progress):
        before = len(problems)
        answer, nuggets = _answer(number, record, problems)
        if len(problems) > before:
            continue
        earlier = first_seen.setdefault((answer.topic, answer.run), number)
        if earlier != number:
            problems.add(number, f"run {answer.run} has answered topic {answer.topic} before, on line {earlier}")
        elif read.nuggets.setdefault(answer.topic, nuggets) != nuggets:
            problems.add(number, f"the nuggets of topic {answer.topic} are not those of its first answer")
        else:
            read.answers.append(answer)
            read.queries.setdefault(answer.topic, record.get("query") or "")
    if not first_seen and not len(problems):
        problems.add(0, "the file holds no answers")
    problems.raise_if_any()
    return read


def _answer(number: int, record: dict, problems: Problems) -> tuple[AnswerLine, tuple[NuggetLine, ...]]:
    topic, run = topic_id(number, record, problems), id_text(record.get("run_id")) or ""
    if wrong := id_problem(run):
        problems.add(number, f"run_id: {wrong}")
    query_text(number, record, problems)
    text, length = record.get("answer_text"), record.get("response_length")
    if not isinstance(text, str):
        problems.add(number, "answer_text is no text")
    if length is not None and (type(length) is not int or not 0 <= length <= MOST_WORDS):
        problems.add(number, "response_length is no whole number of words", str(length))
    nuggets = nugget_lines(number, record.get("nuggets"), problems, needs_importance=True)
    return AnswerLine(number, topic, run, text, length, _labels(number, record.get("nuggets"), problems)), nuggets


def _labels(number: int, given: object, problems: Problems) -> tuple[str, ...]:
    objects = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    labels = tuple(each.get("assignment") for each in objects)
    for place, label in enumerate(labels, 1):
        if label not in LABELS:
            problems.add(number, f"nugget {place}: assignment is not one of {', '.join(LABELS)}", str(label))
    return labels
