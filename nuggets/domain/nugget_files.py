"""Files of nuggets: one JSON object a topic, `{"qid", "query"?, "nuggets": [{"text", "importance"?,
"mapped_sub_narrative"?, "source"?}]}`, as nuggetizer and the RAG25 release write them."""

from typing import NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text

IMPORTANCES = ("vital", "okay")
SOURCES = ("original", "post-edit")


class NuggetLine(NamedTuple):
    """A nugget as a file has it; `importance` and what follows are empty where the file says nothing."""

    text: str
    importance: str
    sub_narrative: str = ""
    source: str = ""


class NuggetFile(NamedTuple):
    """`nuggets`, `queries` and `lines` (where each stands) by topic, topics in the order of the file."""

    nuggets: dict[str, tuple[NuggetLine, ...]]
    queries: dict[str, str]
    lines: dict[str, int]


def read_nuggets(source: Source, name: str, *, progress: Progress | None = None) -> NuggetFile:
    """Read a whole file. Raises FileError with every problem and its line."""
    problems = Problems(name)
    read = NuggetFile({}, {}, {})
    for number, record, _ in json_objects(source, problems, progress=progress):
        before = len(problems)
        topic = topic_id(number, record, problems)
        query = query_text(number, record, problems)
        nuggets = nugget_lines(number, record.get("nuggets"), problems)
        if len(problems) > before:
            continue
        if topic in read.lines:
            problems.add(number, f"topic {topic} has a list before, on line {read.lines[topic]}")
            continue
        read.nuggets[topic], read.queries[topic], read.lines[topic] = nuggets, query, number
    if not read.lines and not len(problems):
        problems.add(0, "the file holds no nuggets")
    problems.raise_if_any()
    return read


def topic_id(number: int, record: dict, problems: Problems) -> str:
    """The record's topic; a bad one goes to `problems`."""
    qid = id_text(record.get("qid")) or ""
    if wrong := id_problem(qid):
        problems.add(number, f"qid: {wrong}")
    return qid


def query_text(number: int, record: dict, problems: Problems) -> str:
    """The record's query, empty where it has none; one that is no text goes to `problems`."""
    query = record.get("query")
    if query is not None and not isinstance(query, str):
        problems.add(number, "query is no text")
    return query or ""


def nugget_lines(
    number: int, given: object, problems: Problems, *, needs_importance: bool = False
) -> tuple[NuggetLine, ...]:
    """The record's nuggets in their order; what is wrong goes to `problems` with the nugget's place from 1."""
    if not isinstance(given, list) or not given:
        problems.add(number, "nuggets is no list with at least one nugget")
        return ()
    return tuple(_nugget(number, place, each, problems, needs_importance) for place, each in enumerate(given, 1))


def _nugget(number: int, place: int, given: object, problems: Problems, needs_importance: bool) -> NuggetLine:
    if not isinstance(given, dict):
        problems.add(number, f"nugget {place} is no JSON object", str(given))
        return NuggetLine("", "")
    text, importance = given.get("text"), given.get("importance")
    if not isinstance(text, str) or not text.strip():
        problems.add(number, f"nugget {place} has no text")
    if importance not in IMPORTANCES and (needs_importance or importance is not None):
        problems.add(number, f"nugget {place}: importance is not one of {', '.join(IMPORTANCES)}", str(importance))
    part, source = (given.get(key) or "" for key in ("mapped_sub_narrative", "source"))
    if not isinstance(part, str):
        problems.add(number, f"nugget {place}: mapped_sub_narrative is no text", str(part))
    if source and source not in SOURCES:
        problems.add(number, f"nugget {place}: source is not one of {', '.join(SOURCES)}", str(source))
    return NuggetLine(text, importance or "", part, source)
