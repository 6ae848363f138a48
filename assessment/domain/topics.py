"""Reading topics. The format is told from the content, never from the file's name.

* TSV, no header: `id<TAB>text`, split at the first tab only.
* JSON lines: `{"id", "title"}` with optional `"description"`, `"narrative"` and `"sub_narratives": [..]`; `"qid"` is
  read for `"id"`, and `"query"` or `"text"` for `"title"`. An integer id is its decimal string.
* Classic TREC: `<top> <num> Number: 301 <title> .. <desc> Description: .. <narr> Narrative: .. </top>`, closing tags
  optional.
* TREC XML: `<topics><topic number="1"><query>..</query><question>..</question><narrative>..</narrative></topic>..`; a
  topic without a query element is its own text. A DOCTYPE is refused, so entities cannot be declared.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.parsers import expat

from assessment.domain.json_lines import parse_object
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text, open_text


class Topic(NamedTuple):
    """One topic; `query` is its short text (in 2025 a few sentences), what is absent is empty."""

    qid: str
    query: str
    description: str = ""
    narrative: str = ""
    sub_narratives: tuple[str, ...] = ()


Found = Iterator[tuple[int, Topic]]


def read_topics(
    source: Source, name: str, *, progress: Progress | None = None, line_of: dict[str, int] | None = None
) -> list[Topic]:
    """All topics of a file, in its order; `line_of` is filled with the line on which each begins.

    FileError lists every problem; a file without topics is one.
    """
    problems = Problems(name)
    lines = list(open_text(source, name, problems=problems, progress=progress))
    topics: list[Topic] = []
    line_of = {} if line_of is None else line_of
    for line, topic in _reader_for(lines)(lines, problems):
        reason = id_problem(topic.qid) or _text_problem(topic)
        if reason:
            problems.add(line, reason, topic.qid)
        elif topic.qid in line_of:
            problems.add(line, f"topic {topic.qid} is already on line {line_of[topic.qid]}", topic.query)
        else:
            line_of[topic.qid] = line
            topics.append(topic)
    if not topics and not problems:
        problems.add(0, "there is no topic in this file")
    problems.raise_if_any()
    return topics


def _text_problem(topic: Topic) -> str | None:
    if not topic.query:
        return "the topic has no text"
    if any("\0" in text for text in (topic.query, topic.description, topic.narrative, *topic.sub_narratives)):
        return "the topic contains a NUL character"
    return None


def _reader_for(lines: list[tuple[int, str]]):
    start = next((text.strip() for _, text in lines if text.strip()), "")
    if start.startswith("{"):
        return _from_json
    if re.match(r"<top>", start, re.IGNORECASE):
        return _from_trec
    if start.startswith("<"):
        return _from_xml
    return _from_tsv


def _from_tsv(lines: list[tuple[int, str]], problems: Problems) -> Found:
    for line, text in lines:
        qid, tab, query = text.partition("\t")
        if tab:
            yield line, Topic(qid.strip(), query.strip())
        elif text.strip():
            problems.add(line, "there is no tab between the topic's id and its text", text)


def _from_json(lines: list[tuple[int, str]], problems: Problems) -> Found:
    for line, text in lines:
        record = parse_object(line, text, problems) if text.strip() else None
        if record is None:
            continue
        qid = id_text(_first(record, "id", "qid"))
        strings = [_first(record, *keys) for keys in (("title", "query", "text"), ("description",), ("narrative",))]
        parts = [] if record.get("sub_narratives") is None else record["sub_narratives"]
        if qid is None:
            problems.add(line, "the topic's id is missing, or neither a string nor an integer", text)
        elif not all(value is None or isinstance(value, str) for value in strings):
            problems.add(line, "the title, description and narrative must be strings", text)
        elif not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            problems.add(line, "sub_narratives must be a list of strings", text)
        else:
            yield line, Topic(qid, *((value or "").strip() for value in strings), tuple(part.strip() for part in parts))


def _first(record: dict, *keys: str) -> object:
    return next((record[key] for key in keys if record.get(key) is not None), None)


TREC_TAG = re.compile(r"<\s*(/?)\s*(top|num|title|desc|narr|dom|smry|con|fac|def|head)\s*>", re.IGNORECASE)
TREC_PREFIX = re.compile(r"\s*(?:Number|Topic|Description|Narrative)\s*:", re.IGNORECASE)


def _from_trec(lines: list[tuple[int, str]], problems: Problems) -> Found:
    text = "\n".join(line for _, line in lines)
    starts = [0]
    for _, line in lines:
        starts.append(starts[-1] + len(line) + 1)
    tags = list(TREC_TAG.finditer(text))
    opened: tuple[int, dict[str, str]] | None = None
    for tag, after in pairwise([*tags, None]) if tags else ():
        kind = tag[2].lower()
        if kind == "top":
            if opened is not None:
                yield from _trec_topic(*opened, problems)
            opened = None if tag[1] else (lines[bisect_right(starts, tag.start()) - 1][0], {})
        elif not tag[1]:
            line = lines[bisect_right(starts, tag.start()) - 1][0]
            if opened is None:
                problems.add(line, f"<{kind}> stands outside of a <top>")
            elif kind in opened[1]:
                problems.add(line, f"a second <{kind}> in one <top>")
            else:
                value = text[tag.end() : after.start() if after else len(text)]
                opened[1][kind] = _paragraphs(TREC_PREFIX.sub("", value, count=1) if kind != "title" else value)
    if opened is not None:
        yield from _trec_topic(*opened, problems)


def _trec_topic(line: int, fields: dict[str, str], problems: Problems) -> Found:
    if "num" not in fields:
        problems.add(line, "a <top> without <num>")
    else:
        query = re.sub(r"^Topic\s*:\s*", "", fields.get("title", ""))
        yield line, Topic(fields["num"], query, fields.get("desc", ""), fields.get("narr", ""))


def _paragraphs(text: str) -> str:
    """The text with its lines joined; blank lines still part paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip())


XML_FIELDS = {
    "query": "query",
    "title": "query",
    "question": "description",
    "desc": "description",
    "description": "description",
    "narrative": "narrative",
    "narr": "narrative",
}


class _Refused(Exception):
    pass


class _XmlTopics:
    """Gathers topics from expat's events."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str | None, dict[str, str]]] = []
        self.inside = False
        self.field = ""
        self.depth = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_: object) -> None:
        raise _Refused("a DOCTYPE or entity declaration is not accepted")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "topic" and self.inside:
            raise _Refused("a <topic> inside of a <topic>")
        if tag == "topic":
            self.inside, self.field, self.depth = True, "", 0
            number = attributes.get("number", attributes.get("id"))
            self.found.append((self.parser.CurrentLineNumber, number, {}))
        elif self.inside:
            self.depth += 1
            if self.depth == 1:
                self.field = XML_FIELDS.get(tag, "ignored")
                if self.field in self.found[-1][2]:
                    raise _Refused(f"a second {self.field} in one <topic>")

    def _end(self, tag: str) -> None:
        if tag == "topic":
            self.inside = False
        elif self.inside:
            self.depth -= 1
            if self.depth == 0:
                self.field = ""

    def _text(self, text: str) -> None:
        if self.inside:
            fields = self.found[-1][2]
            fields[self.field] = fields.get(self.field, "") + text


def _from_xml(lines: list[tuple[int, str]], problems: Problems) -> Found:
    problems.raise_if_any()  # lines left out would shift the numbers of those after them
    reader = _XmlTopics()
    text = "\n".join(line for _, line in lines)
    # expat wants the XML declaration on the first line, and counts lines from there
    leading = len(text) - len(text.lstrip())
    offset = text[:leading].count("\n")
    try:
        reader.parser.Parse(text[leading:], True)
    except expat.ExpatError as error:
        problems.add(error.lineno + offset, f"not well-formed XML: {expat.errors.messages[error.code]}")
        return
    except _Refused as refusal:
        problems.add(reader.parser.CurrentLineNumber + offset, str(refusal))
        return
    for line, number, fields in reader.found:
        if number is None:
            problems.add(line + offset, "a <topic> without the attribute number")
        else:
            query, description, narrative = (
                _paragraphs(fields.get(key, "")) for key in ("query", "description", "narrative")
            )
            yield line + offset, Topic(number.strip(), query or _paragraphs(fields.get("", "")), description, narrative)
