"""Files of nugget assignments: one JSON object an answer, with its nuggets and what the answer says of each.

The form of nuggetizer and of NIST's 2024 file: `{"qid", "run_id", "query"?, "answer_text", "response_length"?,
"nuggets": [{"text", "importance", "assignment"}]}`. All answers to a topic are labelled with the same nuggets.
"""

from typing import NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text

IMPORTANCES = ("vital", "okay")
LABELS = ("support", "partial_support", "not_support")
MOST_WORDS = 2**31 - 1  # of a 32-bit column


class NuggetLine(NamedTuple):
    text: str
    importance: str


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
    ids = {}
    for key in ("qid", "run_id"):
        ids[key] = id_text(record.get(key)) or ""
        if wrong := id_problem(ids[key]):
            problems.add(number, f"{key}: {wrong}")
    text, query, length = record.get("answer_text"), record.get("query", ""), record.get("response_length")
    if not isinstance(text, str):
        problems.add(number, "answer_text is no text")
    if query is not None and not isinstance(query, str):
        problems.add(number, "query is no text")
    if length is not None and (type(length) is not int or not 0 <= length <= MOST_WORDS):
        problems.add(number, "response_length is no whole number of words", str(length))
    nuggets, labels = _nuggets(number, record.get("nuggets"), problems)
    return AnswerLine(number, ids["qid"], ids["run_id"], text, length, labels), nuggets


def _nuggets(number: int, given: object, problems: Problems) -> tuple[tuple[NuggetLine, ...], tuple[str, ...]]:
    if not isinstance(given, list) or not given:
        problems.add(number, "nuggets is no list with at least one nugget")
        return (), ()
    nuggets, labels = [], []
    for place, nugget in enumerate(given, 1):
        if not isinstance(nugget, dict):
            problems.add(number, f"nugget {place} is no JSON object", str(nugget))
            continue
        text, importance, label = (nugget.get(key) for key in ("text", "importance", "assignment"))
        if not isinstance(text, str) or not text.strip():
            problems.add(number, f"nugget {place} has no text")
        if importance not in IMPORTANCES:
            problems.add(number, f"nugget {place}: importance is not one of {', '.join(IMPORTANCES)}", str(importance))
        if label not in LABELS:
            problems.add(number, f"nugget {place}: assignment is not one of {', '.join(LABELS)}", str(label))
        nuggets.append(NuggetLine(text, importance))
        labels.append(label)
    return tuple(nuggets), tuple(labels)
