"""What an adjudicator says of a disagreement, and how the sources of a pair are named when their names are hidden."""

import hmac
from collections.abc import Iterable
from enum import StrEnum

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Cause(StrEnum):
    """Why assessors saw a passage differently; stored as it reads."""

    GUIDELINES = "guidelines unclear"
    PASSAGE = "passage ambiguous"
    QUERY = "query ambiguous"
    OVERSIGHT = "oversight"
    OTHER = "other cause"


CAUSE_KEYS = {Cause.GUIDELINES: "i", Cause.PASSAGE: "p", Cause.QUERY: "q", Cause.OVERSIGHT: "o", Cause.OTHER: "w"}
NOTE_KEY = "m"


def lettered(sources: Iterable[int], pair: tuple[int, int, int], secret: bytes) -> dict[int, str]:
    """A letter for each source's key, the same whenever the pair is seen, drawn anew for every other pair.

    `pair`: keys of adjudication, topic and document. With `secret` nobody can draw along. After Z come A2, B2, …
    """

    def lot(source: int) -> bytes:
        return hmac.digest(secret, ":".join(map(str, (*pair, source))).encode(), "sha256")

    drawn = sorted(sources, key=lot)
    rounds = (divmod(place, len(LETTERS)) for place in range(len(drawn)))
    letters = [LETTERS[place] + (str(again + 1) if again else "") for again, place in rounds]
    return dict(zip(drawn, letters, strict=True))


def take_over_key(letter: str, taken: Iterable[str]) -> str:
    """The key that takes over this source's grade: its letter, unless that does something else already; then none."""
    key = letter.lower()
    return key if len(key) == 1 and key not in taken else ""
