"""How sure a judge is of a grade, from its distribution over the grades of the scale."""

import math
from collections.abc import Mapping
from typing import NamedTuple

# A margin from which on a judge is called clear, and one below which it is torn. Words for people; no figure uses them.
CLEAR_FROM = 0.5
TORN_BELOW = 0.2


class Confidence(NamedTuple):
    """What a distribution says. `confidence` is the probability of the grade that was given, `expected` the mean grade,
    `entropy` is in bits, `margin` is the highest probability less the second; `first` and `second` are the two most
    probable grades (the lower grade wins a tie; `second` is None on a scale of one grade)."""

    confidence: float
    expected: float
    entropy: float
    margin: float
    first: int
    second: int | None

    @property
    def words(self) -> str:
        """How sure, in a few words that name the grades."""
        if self.second is None or self.margin >= CLEAR_FROM:
            return f"clearly {self.first}"
        if self.margin < TORN_BELOW:
            return f"torn between {self.first} and {self.second}"
        return f"rather {self.first} than {self.second}"


def confidence_of(distribution: Mapping[int | str, float] | None, grade: int) -> Confidence | None:
    """What the probabilities (their keys grades, or grades as text) say of `grade`; None for no distribution."""
    if not distribution:
        return None
    shares = {int(key): float(share) for key, share in distribution.items()}
    ordered = sorted(shares, key=lambda key: (-shares[key], key))
    second = ordered[1] if len(ordered) > 1 else None
    return Confidence(
        confidence=shares.get(grade, 0.0),
        expected=math.fsum(key * share for key, share in shares.items()),
        entropy=max(0.0, -math.fsum(share * math.log2(share) for share in shares.values() if share > 0.0)),
        margin=shares[ordered[0]] - (shares[second] if second is not None else 0.0),
        first=ordered[0],
        second=second,
    )
