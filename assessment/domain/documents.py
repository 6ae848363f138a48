"""Reading documents (segments, passages, abstracts): JSON lines, one object a document.

    {"docid", "title", "url", "headings", "segment"}
    {"id" | "_id" | "docid", "contents" | "text" | "segment" | "doc"}

Where several of the id keys or text keys are present, the first in the order docid, id, _id, and segment, contents,
text, doc counts. Every other key (headings among them) is kept in `extra`, as it was. An integer id is its decimal
string; title and url may be absent or null.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text

ID_KEYS = ("docid", "id", "_id")
TEXT_KEYS = ("segment", "contents", "text", "doc")


class Document(NamedTuple):
    """One document; `extra` holds the keys of its object that have no field here."""

    docid: str
    title: str
    url: str
    text: str
    extra: dict[str, Any]


def read_documents(
    source: Source, name: str, *, progress: Progress | None = None, line_of: dict[str, int] | None = None
) -> Iterator[Document]:
    """Yield the documents of a file as they are read; `line_of` is filled with the line of each docid.

    Raises FileError with every problem (a docid that the file holds twice is one) **after** the last document: store
    them in one transaction, or collect them first.
    """
    problems = Problems(name)
    line_of = {} if line_of is None else line_of
    for line, record, text in json_objects(source, problems, progress=progress):
        document = _document(record)
        if isinstance(document, str):
            problems.add(line, document, text)
        elif document.docid in line_of:
            problems.add(line, f"document {document.docid} is already on line {line_of[document.docid]}", text)
        else:
            line_of[document.docid] = line
            yield document
    if not line_of and not problems:
        problems.add(0, "there is no document in this file")
    problems.raise_if_any()


def _document(record: dict[str, Any]) -> Document | str:
    """The document of one object, or what is wrong with it."""
    id_key = next((key for key in ID_KEYS if key in record), None)
    text_key = next((key for key in TEXT_KEYS if key in record), None)
    if id_key is None:
        return f"there is no id (one of {', '.join(ID_KEYS)})"
    if text_key is None:
        return f"there is no text (one of {', '.join(TEXT_KEYS)})"
    docid = id_text(record[id_key])
    if docid is None:
        return f"{id_key} is neither a string nor an integer"
    if reason := id_problem(docid):
        return reason
    strings = {key: "" if record.get(key) is None else record[key] for key in ("title", "url")} | {
        text_key: record[text_key]
    }
    for key, value in strings.items():
        if not isinstance(value, str):
            return f"{key} is not a string"
    extra = {key: value for key, value in record.items() if key not in (id_key, text_key, "title", "url")}
    return Document(docid, strings["title"], strings["url"], record[text_key], extra)
