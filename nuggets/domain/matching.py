"""How alike two texts are by their words: nuggets that say the same, and answers that seem to hold a nugget.

A hint for people, never a label: words in common are no support.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

DUPLICATE = 0.6  # share of words in common from which two nuggets are pointed out
HIT = 0.75  # share of a nugget's words in one sentence of an answer from which the answer seems to hold it
_WORD = re.compile(r"\w+")
# What carries no fact in English; a text in another language loses nothing by it.
_COMMONEST = (
    "a an and are as at be been being but by can could did do does for from had has have how if in into is it its may "
    "more most not of on or over than that the their them then there these they this those to was were what when where "
    "which while who whose will with would"
)
_EMPTY = frozenset(_COMMONEST.split())
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "ly", "y", "e")


class Pair(NamedTuple):
    """Two nuggets by their numbers, the smaller first, and the share of their words that they have in common."""

    a: int
    b: int
    likeness: float


def content_words(text: str) -> frozenset[str]:
    """Its words in small letters without the commonest ones and without endings; all words where nothing is left."""
    words = _WORD.findall(text.casefold())
    return frozenset(_stem(word) for word in words if word not in _EMPTY) or frozenset(words)


def likeness(a: str, b: str) -> float:
    """Jaccard's share of words in common, in [0, 1]; 0 where one has none."""
    one, other = content_words(a), content_words(b)
    return len(one & other) / len(one | other) if one and other else 0.0


def near_duplicates(texts: Mapping[int, str], least: float = DUPLICATE) -> list[Pair]:
    """Pairs at least so alike, the most alike first. `texts`: by number."""
    found = [Pair(*sorted(pair), likeness(texts[pair[0]], texts[pair[1]])) for pair in combinations(texts, 2)]
    return sorted((pair for pair in found if pair.likeness >= least), key=lambda pair: (-pair.likeness, pair.a, pair.b))


def best_sentence(nugget: str, sentences: Sequence[str]) -> tuple[float, str]:
    """The sentence that has the largest share, in [0, 1], of the nugget's words, and that share; (0, "") for none."""
    wanted = content_words(nugget)
    shares = [(len(wanted & content_words(one)) / len(wanted) if wanted else 0.0, one) for one in sentences]
    return max(shares, key=lambda found: found[0], default=(0.0, ""))


def _stem(word: str) -> str:
    """Without the first English ending that leaves four letters: enough to find `delays` beside `delayed`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
