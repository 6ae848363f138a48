"""From a model's raw reply to a grade, or to the state that says why there is none (methods.md §1, UMBRELA).

A failure is a state and never a grade. Two decodings are read here:

*reference* — free text. The last `##final score:` (case ignored, spaces allowed) decides; an integer inside the scale
must follow it and end its line.

*token* — the reply is one grade token; its log-probabilities give a distribution over the grades.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assessment.domain.confidence import confidence_of


class State(StrEnum):
    """What became of a reply. Only `OK` carries a grade."""

    OK = "ok"
    OUT_OF_SCALE = "out_of_scale"
    UNPARSED = "unparsed"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True)
class Outcome:
    """What a reply says: `grade` is set exactly where `state` is OK."""

    state: State
    grade: int | None = None


@dataclass(frozen=True)
class TokenOutcome:
    """What one constrained token says; every field but `state` is empty or `None` unless `state` is OK.

    `grade` has the highest probability (the lower grade wins a tie); `probabilities` maps every grade of the scale to
    its probability, summing to 1; `outside_mass` is the probability that fell on no grade before the constraint, `None`
    where the engine does not know it; `expected` is the mean grade, `entropy` is in bits, and `margin` is the highest
    probability less the second.
    """

    state: State
    grade: int | None = None
    probabilities: dict[int, float] | None = None
    outside_mass: float | None = None
    expected: float | None = None
    entropy: float | None = None
    margin: float | None = None


_MARK = re.compile(r"##[ \t]*final[ \t]+score[ \t]*:", re.IGNORECASE | re.ASCII)
# Explicit ASCII digits: `\d` and int() would let other scripts' digits and underscores through. Only the plain way of
# writing an integer counts ("03" and "-0" do not). A line ends with "\n"; a "\r" before it is a space like any other.
_INTEGER_LINE = re.compile(r"[ \t]*(0|-?[1-9][0-9]*)[ \t\r]*(?:\n|\Z)")


def parse_reference(text: str, finish_reason: str, scale: Sequence[int], refused: bool = False) -> Outcome:
    """Read the grade of a free-text reply. `scale` lists the track's grades; `refused` is the engine's own flag."""
    if refused or finish_reason == "content_filter":
        return Outcome(State.REFUSED)
    if finish_reason == "length":
        return Outcome(State.TRUNCATED)
    marks = list(_MARK.finditer(text))
    if not marks:
        return Outcome(State.UNPARSED)
    found = _INTEGER_LINE.match(text, marks[-1].end())
    if not found:
        return Outcome(State.UNPARSED)
    return _in_scale(found.group(1), scale)


def _in_scale(digits: str, scale: Sequence[int]) -> Outcome:
    # Python refuses to convert more than 4,300 digits; no scale comes near 18.
    if len(digits) > 18:
        return Outcome(State.OUT_OF_SCALE)
    grade = int(digits)
    return Outcome(State.OK, grade) if grade in scale else Outcome(State.OUT_OF_SCALE)


def grade_tokens(scale: Sequence[int]) -> tuple[str, ...]:
    """The allowed answers of a single-token judge: one digit for each grade, in the scale's order.

    Raises ValueError where a grade is not one digit (10, -1): a constraint of one token would cut it to another grade.
    """
    unfit = [grade for grade in scale if not 0 <= grade <= 9]
    if unfit:
        listed = ", ".join(str(grade) for grade in unfit)
        raise ValueError(
            f"A single-token judge needs grades of one digit (0 to 9); this scale has {listed}. "
            "Use the reference decoding for this track."
        )
    if len(set(scale)) < 2:
        raise ValueError("A single-token judge needs at least two grades to choose from.")
    return tuple(str(grade) for grade in scale)


def parse_token(
    answer_logprobs: Mapping[str, float] | None,
    scale: Sequence[int],
    finish_reason: str = "length",
    refused: bool = False,
    constrained: bool = False,
) -> TokenOutcome:
    """Read the distribution over the grades from the log-probabilities of the allowed answers.

    A reply of one token always finishes by *length*, so that finish reason says nothing here. `constrained` says that
    the engine gave renormalised values: the mass outside is then unknown. Raises ValueError for a scale that
    `grade_tokens` refuses.
    """
    tokens = grade_tokens(scale)
    if refused or finish_reason == "content_filter":
        return TokenOutcome(State.REFUSED)
    masses = [_mass((answer_logprobs or {}).get(token)) for token in tokens]
    total = math.fsum(masses)
    if total <= 0.0 or total > 1.0 + 1e-3:
        return TokenOutcome(State.UNPARSED)
    shares = [mass / total for mass in masses]
    probabilities = dict(zip(scale, shares, strict=True))
    grade = min(scale, key=lambda grade: (-probabilities[grade], grade))
    sure = confidence_of(probabilities, grade)
    return TokenOutcome(
        state=State.OK,
        grade=grade,
        probabilities=probabilities,
        outside_mass=None if constrained else max(0.0, 1.0 - total),
        expected=sure.expected,
        entropy=sure.entropy,
        margin=sure.margin,
    )


def _mass(logprob: float | None) -> float:
    if logprob is None or math.isnan(logprob) or logprob > 1e-3:
        return 0.0
    return math.exp(logprob)
