"""A track's scale of grades: what a good one is, and some to start from."""

import string
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .errors import DomainError

# The judging page's own keys: later, can't be judged, undo, back and forth, topic, guidelines, evidence, note, list.
RESERVED_KEYS = frozenset("lxujktgemv")
LARGEST_GRADE = 99
LONGEST_LABEL = 60


class GradeSpec(NamedTuple):
    """One step of a scale: its value (≥ 0), the key that gives it, a short label, and what it means."""

    value: int
    key: str
    label: str
    definition: str = ""


PRESETS: dict[str, tuple[GradeSpec, ...]] = {
    "0-1": (
        GradeSpec(0, "0", "not relevant", "Nothing in it helps somebody who has this need."),
        GradeSpec(1, "1", "relevant", "At least one statement in it helps somebody who has this need."),
    ),
    "0-2": (
        GradeSpec(0, "0", "not relevant", "Nothing in it helps somebody who has this need."),
        GradeSpec(1, "1", "partly relevant", "It helps with a part of the need, or only in passing."),
        GradeSpec(2, "2", "relevant", "Somebody with this need would want to read it."),
    ),
    "0-3": (
        GradeSpec(0, "0", "unrelated", "It is about something else."),
        GradeSpec(1, "1", "on the subject", "Same subject, but nothing in it answers what is asked."),
        GradeSpec(2, "2", "partly answers", "It holds some of the answer, incomplete or among other matters."),
        GradeSpec(3, "3", "answers", "It is about what is asked and answers it."),
    ),
    "0-4": (
        GradeSpec(0, "0", "unrelated", "It is about something else."),
        GradeSpec(1, "1", "on the subject", "Same subject, but of no use for what is asked."),
        GradeSpec(2, "2", "of some use", "A detail in it is useful, most of it is not."),
        GradeSpec(3, "3", "useful", "Much of it is useful for what is asked."),
        GradeSpec(4, "4", "exactly this", "A person with this need would read it first, and perhaps nothing else."),
    ),
}


def scale_from_range(values: range) -> tuple[GradeSpec, ...]:
    """A scale of consecutive grades: the preset of these values where there is one, otherwise plainly labelled."""
    listed = tuple(values)
    for preset in PRESETS.values():
        if tuple(grade.value for grade in preset) == listed:
            return preset
    # Above 9 the digits are used up: letters that the judging page leaves free.
    letters = [key for key in string.ascii_lowercase if key not in RESERVED_KEYS]
    keys = [str(digit) for digit in range(10)] + letters
    if listed and not 0 <= min(listed) <= max(listed) < len(keys):
        raise DomainError(f"A scale made from a range goes from 0 to {len(keys) - 1} at most.")
    return tuple(GradeSpec(value, keys[value], f"grade {value}") for value in listed)


def check_scale(scale: Iterable[GradeSpec]) -> tuple[GradeSpec, ...]:
    """The scale as it may be stored, in ascending order of value. Raises DomainError with what to change."""
    grades = tuple(scale)
    values = [grade.value for grade in grades]
    if len(grades) < 2:
        raise DomainError("A scale needs at least two grades.")
    if any(not 0 <= value <= LARGEST_GRADE for value in values):
        raise DomainError(f"Grades go from 0 to {LARGEST_GRADE}; negative labels are states, not grades.")
    if any(low >= high for low, high in zip(values, values[1:], strict=False)):
        raise DomainError("List the grades in ascending order, each value once.")
    for grade in grades:
        if not grade.label.strip():
            raise DomainError(f"Grade {grade.value} needs a label.")
        if len(grade.label) > LONGEST_LABEL:
            raise DomainError(f"The label of grade {grade.value} has more than {LONGEST_LABEL} characters.")
    _check_keys([grade.key for grade in grades])
    return grades


def _check_keys(keys: Sequence[str]) -> None:
    for key in keys:
        if len(key) != 1 or not key.isalnum():
            raise DomainError(f"A key is one letter or digit; “{key}” is not.")
        if key.lower() in RESERVED_KEYS:
            raise DomainError(f"The key “{key}” is taken by the judging page; choose another.")
    # Compared without case: nobody should have to hold Shift to tell two grades apart.
    folded = [key.lower() for key in keys]
    if len(set(folded)) != len(folded):
        raise DomainError("Two grades share a key; give each its own.")


def check_relevant_from(scale: Sequence[GradeSpec], relevant_from: int) -> None:
    """Raises DomainError unless the threshold is one of the scale's grades."""
    if relevant_from not in [grade.value for grade in scale]:
        listed = ", ".join(str(grade.value) for grade in scale)
        raise DomainError(f"“Relevant from” must be one of the grades {listed}; {relevant_from} is not.")
