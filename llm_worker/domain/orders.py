"""Passages that try to give the judge orders: which kinds, by patterns in English, German, French, Spanish, Chinese.

A flag is a record beside the grade, never a refusal: the passage is judged as any other. The patterns (`orders.yaml`)
want an order in the form that is used against models ("ignore all previous instructions", not "ignore the foam"), and
pass over one that a text quotes while it talks about such orders. Somebody who knows the patterns can write past them:
no flag does not mean that a passage is harmless. The folder `canaries` holds what they are tested on.

Before it is read, a text is folded: NFKC, invisible characters and accents away, letters of other scripts that look
Latin made Latin where a word mixes them, lower case. Letters set apart by spaces are read together as well.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import yaml

# Cyrillic and Greek letters that cannot be told from Latin ones.
_LOOK_ALIKES = str.maketrans("аеорсухіјѕԁһкмтвнԛԝαορινκτυχ", "aeopcyxijsdhkmtbhqwaopivktux")
_LATIN, _LOOKS_LATIN = re.compile("[a-z]"), re.compile("[\u0370-\u03ff\u0400-\u052f]")
# Five letters or more with a space, dot or dash between each two.
_LETTERS_APART = re.compile(r"(?<!\w)[a-z](?:[ ._\-·*]{1,3}[a-z]){4,}(?!\w)")

# Every repetition is bounded or cannot be split in two ways: a passage must not be able to hold up a worker.
_GAP = r"(?:[\s_*~`\-]{1,4})"
_PATTERNS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def _compiled(patterns: Sequence[str], gap: str) -> re.Pattern[str]:
    """One expression of the file's patterns; `gap` is what may divide two words."""
    joined = "|".join(f"(?:{_on_one_line(pattern)})" for pattern in patterns)
    joined = re.sub(r"§(\w+)§", lambda found: _on_one_line(_PATTERNS["words"][found.group(1)]), joined)
    joined = joined.replace("␣", gap)
    return re.compile(re.sub(r"\(\?W(\d)\)", lambda found: _few_words(found.group(1), gap), joined), re.MULTILINE)


def _on_one_line(pattern: str) -> str:
    return "".join(line.strip() for line in pattern.splitlines())


def _few_words(most: str, gap: str) -> str:
    return rf"(?:(?:[^\W_]|['’,]){{1,30}}{gap}){{0,{most}}}"


KINDS = tuple(_PATTERNS["kinds"])
_FINDERS = {kind: _compiled(patterns, _GAP) for kind, patterns in _PATTERNS["kinds"].items()}
# For words whose letters were apart, and which have no space between them any more.
_RUN_TOGETHER = {kind: _compiled(patterns, r"\s*") for kind, patterns in _PATTERNS["kinds"].items()}

# A text that reports an order puts it in quotation marks and says what it is.
_QUOTED = re.compile(r"[\"“”„«»‘「『][^\"“”„«»’」』\n]{3,200}[\"“”„«»’」』]|`[^`\n]{3,200}`")
_REPORTS = re.compile(_on_one_line(_PATTERNS["reports"]))
_REPORT_REACH = 160  # characters before a quotation, half as many behind it


def orders_in(text: str) -> tuple[str, ...]:
    """The kinds of orders (see `KINDS`) that the text seems to give, in that order; () where there are none."""
    folded = fold(text)
    plain = _without_reported(folded)
    found = {kind for kind, finder in _FINDERS.items() if finder.search(plain)}
    for run in _letters_together(folded):
        found |= {kind for kind, finder in _RUN_TOGETHER.items() if finder.search(run)}
    return tuple(kind for kind in KINDS if kind in found)


def fold(text: str) -> str:
    """The text as the patterns read it (see above): lines without empty ones, one space where there were more."""
    text = _without(unicodedata.normalize("NFKC", text), {"Cf", "Mn", "Me"})
    text = _without(unicodedata.normalize("NFD", text), {"Mn"}).casefold()
    lines = (" ".join(_in_one_script(word) for word in line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _without(text: str, categories: set[str]) -> str:
    if text.isascii():  # which has none of these
        return text
    return "".join(character for character in text if unicodedata.category(character) not in categories)


def _in_one_script(word: str) -> str:
    mixed = not word.isascii() and _LATIN.search(word) and _LOOKS_LATIN.search(word)
    return word.translate(_LOOK_ALIKES) if mixed else word


def _letters_together(folded: str) -> list[str]:
    return [re.sub(r"[ ._\-·*]", "", run) for run in _LETTERS_APART.findall(folded)]


def _without_reported(folded: str) -> str:
    """The text without quotations beside words that report them."""

    def blank(found: re.Match[str]) -> str:
        before = folded[max(0, found.start() - _REPORT_REACH) : found.start()]
        behind = folded[found.end() : found.end() + _REPORT_REACH // 2]
        return " … " if _REPORTS.search(before) or _REPORTS.search(behind) else found.group(0)

    return _QUOTED.sub(blank, folded)
