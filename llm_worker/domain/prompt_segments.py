"""Which words of a rendered prompt are the prompt's own, and which came in by a placeholder."""

import re
from typing import NamedTuple

from .filling import PLACEHOLDER


class Segment(NamedTuple):
    """A piece of a message; `placeholder` is the name that stands there in the template, empty for its own words."""

    text: str
    placeholder: str = ""


def segments(template: str, rendered: str) -> list[Segment]:
    """The rendered message cut into its pieces, which together are exactly it.

    It is read off the message that is really sent. A placeholder that stands twice has the same text in both places,
    which tells a mark around a foreign text from anything that the text may say. A message that does not fit its
    template comes back as one piece.
    """
    names: list[str] = []
    pattern, end = "", 0
    for found in PLACEHOLDER.finditer(template):
        name = found.group(1)
        pattern += f"({re.escape(template[end : found.start()])})"
        pattern += f"((?P={name}))" if name in names else f"((?P<{name}>.*?))"
        names.append(name)
        end = found.end()
    match = re.fullmatch(pattern + f"({re.escape(template[end:])})", rendered, re.DOTALL)
    if match is None:
        return [Segment(rendered)]
    return [segment for segment in _pieces(match, names) if segment.text]


def _pieces(match: re.Match, names: list[str]) -> list[Segment]:
    # Each place has a group of its own; the first place of a name holds one more group, the named one.
    pieces, group, seen = [], 1, set()
    for name in names:
        pieces += [Segment(match.group(group)), Segment(match.group(group + 1), name)]
        group += 2 if name in seen else 3
        seen.add(name)
    return [*pieces, Segment(match.group(group))]
