"""Templates filled with texts from outside, which stay data: they fill nothing in and end nothing (see `prompts`)."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_MARK_LENGTH = 6

# What chat templates write between turns: <|im_end|>, <s>, </s>, <start_of_turn>, <｜User｜>, [INST], [/INST], <<SYS>>.
# A tokenizer reads these as control tokens wherever they stand, so a text that spells one could end its own turn.
_CONTROL_TOKEN = re.compile(r"<(?=[|\uff5c])|<(?=/?[A-Za-z_][A-Za-z0-9_]*>)|\[(?=/?[A-Z][A-Z_]*\])")

# One word, or a piece of a run that no space divides; scripts written without spaces count by character.
_UNSPACED = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]{{1,20}}")


class Cut(NamedTuple):
    """A text that may have been shortened: the text that is left, and whether anything was cut off."""

    text: str
    was_cut: bool


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` that has a value replaced by it, once: values are not searched again."""
    return PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group(0)), template)


def without_control_tokens(text: str) -> str:
    """The text with a space inside everything that a chat template's tokenizer could read as a control token."""
    return _CONTROL_TOKEN.sub(lambda found: found.group(0) + " ", text)


def mark_for(text: str) -> str:
    """Six hex digits that the text does not contain, the same ones for the same text."""
    attempt = 0
    while True:
        mark = hashlib.sha256(f"{attempt} {text}".encode(errors="surrogatepass")).hexdigest()[:_MARK_LENGTH]
        if mark not in text:
            return mark
        attempt += 1


def cut_words(text: str, max_words: int | None) -> Cut:
    """The text's first `max_words` words, its spacing kept; `None` cuts nothing.

    A character of a script without spaces counts as a word, and so does every started 20 characters of a longer run, so
    that no text has many times more tokens than words.
    """
    if max_words is None:
        return Cut(text, False)
    end = 0
    for count, word in enumerate(_WORD.finditer(text), start=1):
        if count > max_words:
            return Cut(text[:end], True)
        end = word.end()
    return Cut(text, False)
