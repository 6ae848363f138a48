"""What the prompts of nuggets can be filled with: to make a list of them, to weigh them, and to look for them in an
answer (methods.md §2, AutoNuggetizer). Like `relevance_values`, and the only place that knows these lists."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .filling import fill
from .relevance_values import TopicText, Value


class NuggetText(NamedTuple):
    """All that the values of one call are made of: the topic; the nuggets so far, or those of this batch; the passages
    of a window, strongest first; an answer; and how many nuggets of how many words a list may have."""

    topic: TopicText
    nuggets: Sequence[str] = ()
    passages: Sequence[str] = ()
    answer: str = ""
    most_nuggets: int = 30
    most_words: int = 12


def numbered(phrases: Mapping[str, str], texts: Sequence[str]) -> str:
    """One line each, numbered from 1, or the prompt's own words where there is none."""
    lines = [
        fill(phrases["nugget"], {"number": str(number), "text": " ".join(text.split())})
        for number, text in enumerate(texts, start=1)
    ]
    return "\n".join(lines) or phrases["no_nuggets"].strip()


def passage_blocks(phrases: Mapping[str, str], passages: Sequence[str]) -> str:
    """Each passage of the window by the prompt's phrase, with an empty line between two."""
    return "\n\n".join(
        fill(phrases["passage"], {"number": str(number), "text": text.strip()})
        for number, text in enumerate(passages, start=1)
    )


_NOTHING: frozenset[str] = frozenset()
_LINE = frozenset({"number", "text"})

_TOPIC: dict[str, Value] = {
    "query": Value("all that the topic says, as one text", lambda _, said: said.topic.query.strip()),
}
_NUGGETS = Value(
    "the nuggets, numbered",
    lambda phrases, said: numbered(phrases, said.nuggets),
    {"nugget": _LINE, "no_nuggets": _NOTHING},
)

CREATION: dict[str, Value] = _TOPIC | {
    "nuggets": _NUGGETS,
    "passages": Value(
        "the passages of the window",
        lambda phrases, said: passage_blocks(phrases, said.passages),
        {"passage": _LINE},
    ),
    "most_nuggets": Value("how many nuggets the list may have", lambda _, said: str(said.most_nuggets)),
    "most_words": Value("how many words a nugget may have", lambda _, said: str(said.most_words)),
}
IMPORTANCE: dict[str, Value] = _TOPIC | {
    "nuggets": _NUGGETS,
    "count": Value("how many nuggets there are", lambda _, said: str(len(said.nuggets))),
}
ASSIGNMENT: dict[str, Value] = IMPORTANCE | {
    "answer": Value("the answer to look into", lambda _, said: said.answer.strip()),
}


def nugget_values(values: Mapping[str, Value], declared: Sequence[str], phrases: Mapping[str, str], said: NuggetText):
    """The values that a prompt declares, and no others. Its file was checked: each is known and has its phrases."""
    return {name: values[name].text(phrases, said) for name in declared}


def list_schema(most: int) -> dict[str, Any]:
    """JSON schema of a reply that lists at most `most` nuggets. The root is an object: some servers ask for it."""
    return _schema("nuggets", {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": most})


def labels_schema(labels: Sequence[str], count: int) -> dict[str, Any]:
    """JSON schema of a reply with exactly one of `labels` for each of `count` nuggets."""
    items = {"type": "string", "enum": list(labels)}
    return _schema("labels", {"type": "array", "items": items, "minItems": count, "maxItems": count})


def _schema(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: content}, "required": [name], "additionalProperties": False}
