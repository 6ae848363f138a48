"""From a model's raw reply to a list of nuggets or of labels, or to the state that says why there is none.

A reply is one JSON object, `{"nuggets": [text, ...]}` or `{"labels": [label, ...]}`, and nothing else. A list that is
too long, a label that nobody offered, one label too few: each is a failure and never a guess (methods.md §2).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from .replies import State


@dataclass(frozen=True)
class ListOutcome:
    """What a reply says: `items` has something to say exactly where `state` is OK; otherwise `why` does."""

    state: State
    items: tuple[str, ...] = ()
    why: str = ""


def parse_nuggets(text: str, finish_reason: str, most: int, refused: bool = False) -> ListOutcome:
    """The nuggets of a reply, white space put in order, said once each (the first counts), in the reply's order.

    `most` is how many there may be. An empty list is a reply like any other: the window had nothing.
    """
    found = _items(text, finish_reason, refused, "nuggets")
    if found.state is not State.OK:
        return found
    if len(found.items) > most:
        return ListOutcome(State.UNPARSED, why=f"{len(found.items)} nuggets, where {most} were the most.")
    tidy = [" ".join(item.split()) for item in found.items]
    if not all(tidy):
        return ListOutcome(State.UNPARSED, why=f"Nugget {tidy.index('') + 1} says nothing.")
    once: dict[str, str] = {}
    for item in tidy:
        once.setdefault(item.casefold(), item)
    return ListOutcome(State.OK, tuple(once.values()))


def parse_labels(
    text: str, finish_reason: str, labels: Sequence[str], count: int, refused: bool = False
) -> ListOutcome:
    """One of `labels` for each of `count` nuggets, in their order."""
    found = _items(text, finish_reason, refused, "labels")
    if found.state is not State.OK:
        return found
    if len(found.items) != count:
        return ListOutcome(State.UNPARSED, why=f"{len(found.items)} labels for {count} nuggets.")
    invented = next((label for label in found.items if label not in labels), None)
    if invented is not None:
        return ListOutcome(State.OUT_OF_SCALE, why=f"“{invented[:40]}” is none of: {', '.join(labels)}.")
    return found


def _items(text: str, finish_reason: str, refused: bool, name: str) -> ListOutcome:
    if refused or finish_reason == "content_filter":
        return ListOutcome(State.REFUSED)
    if finish_reason == "length":
        return ListOutcome(State.TRUNCATED)
    try:
        said = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return ListOutcome(State.UNPARSED, why="The reply is not JSON.")
    items = said.get(name) if isinstance(said, dict) and len(said) == 1 else None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return ListOutcome(State.UNPARSED, why=f"The reply is not an object with a list of texts, “{name}”.")
    return ListOutcome(State.OK, tuple(items))


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names occur once each: of two lists nobody knows which was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
