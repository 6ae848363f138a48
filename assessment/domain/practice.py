"""The practice topic: passages with the grades that we would give them, and what somebody makes of them.

One topic a file, `assessment/practice/NAME.yaml`:

    query: …                      # the topic, as on the judging page
    description: …                # what is asked for and what is not
    scale:                        # grades ascending from 0, each with a key of its own
      - {grade: 0, key: "0", label: …, definition: …}
    passages:                     # in the order in which they come
      - title: …
        text: …                   # paragraphs are separated by blank lines
        grade: 2                  # ours: on the scale, or `unjudgeable`
        why: …                    # one sentence, shown after the own grade
        tip: …                    # optional: which key to try here

What a person does is a list of presses, and everything else follows from it: a grade as a number, "cannot", "later",
and "next" after the answer has been read.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from assessment.domain.errors import DomainError, FileError, Problem

TOPIC_FILE = Path(__file__).resolve().parent.parent / "practice" / "red-leaves.yaml"
UNJUDGEABLE = "unjudgeable"
_STEP_FIELDS = ("grade", "key", "label", "definition")
CANNOT, LATER, NEXT = "cannot", "later", "next"
MOST_PRESSES = 200  # who puts things off for ever learns nothing more


class Step(NamedTuple):
    """One grade of the scale; named as the track's own, so that one template draws both."""

    value: int
    key: str
    label: str
    definition: str


class Passage(NamedTuple):
    """`grade` is ours; None: it can't be judged."""

    title: str
    text: str
    grade: int | None
    why: str
    tip: str


class PracticeTopic(NamedTuple):
    query: str
    description: str
    scale: tuple[Step, ...]
    passages: tuple[Passage, ...]


class Answer(NamedTuple):
    """What somebody said of a passage. `grade` None: can't be judged."""

    passage: Passage
    grade: int | None

    @property
    def verdict(self) -> str:
        """ "same", "stricter" (lower than ours), "lenient" (higher), or "other" where only one of us gave a grade."""
        ours = self.passage.grade
        if self.grade == ours:
            return "same"
        if self.grade is None or ours is None:
            return "other"
        return "stricter" if self.grade < ours else "lenient"


class Practice(NamedTuple):
    """How far somebody is. `passage`: the one on the screen, None at the end; `told`: the answer to show with it;
    `put_off`: the passage before was put off."""

    topic: PracticeTopic
    answers: tuple[Answer, ...]
    passage: Passage | None
    told: Answer | None
    put_off: bool

    @property
    def finished(self) -> bool:
        """Whether every passage has its answer, the last one read or not."""
        return len(self.answers) == len(self.topic.passages)

    @property
    def same(self) -> list[Answer]:
        return self._of("same")

    @property
    def stricter(self) -> list[Answer]:
        return self._of("stricter")

    @property
    def lenient(self) -> list[Answer]:
        return self._of("lenient")

    @property
    def other(self) -> list[Answer]:
        return self._of("other")

    def _of(self, verdict: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.verdict == verdict]


@cache
def practice_topic() -> PracticeTopic:
    return load(TOPIC_FILE)


def load(path: Path) -> PracticeTopic:
    """Read and check a practice topic. Raises FileError with all that is wrong with it."""
    try:
        data = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(path.name, [Problem(0, f"This is not readable YAML: {error}")]) from error
    problems = _problems(data)
    if problems:
        raise FileError(path.name, [Problem(0, problem) for problem in problems])
    return PracticeTopic(
        query=data["query"],
        description=data["description"],
        scale=tuple(Step(*(step[name] for name in _STEP_FIELDS)) for step in data["scale"]),
        passages=tuple(
            Passage(
                title=each["title"],
                text=each["text"],
                grade=None if each["grade"] == UNJUDGEABLE else each["grade"],
                why=each["why"],
                tip=each.get("tip", ""),
            )
            for each in data["passages"]
        ),
    )


def replay(topic: PracticeTopic, presses: Sequence[str]) -> Practice:
    """Where these presses lead. Raises DomainError at one that does not fit where it comes."""
    if len(presses) > MOST_PRESSES:
        raise DomainError("That is long enough for a practice: begin again, or go to your work.")
    queue, answers, told, put_off = list(topic.passages), [], None, False
    grades = {str(step.value): step.value for step in topic.scale}
    for press in presses:
        put_off = False
        if told is not None:
            if press != NEXT:
                raise DomainError("Read the answer first, then go on to the next passage.")
            told = None
        elif not queue:
            raise DomainError("The practice is over: begin again, or go to your work.")
        elif press == LATER:
            queue.append(queue.pop(0))
            put_off = True
        elif press == CANNOT or press in grades:
            told = Answer(queue.pop(0), grades.get(press))
            answers.append(told)
        else:
            raise DomainError("Give a grade of the scale, put the passage off, or say that it can't be judged.")
    shown = told.passage if told else queue[0] if queue else None
    return Practice(topic, tuple(answers), shown, told, put_off)


def without_last(presses: Sequence[str]) -> list[str]:
    """The presses without the last one that said something of a passage. Raises DomainError where there is none."""
    left = list(presses)
    while left and left[-1] == NEXT:
        left.pop()
    if not left:
        raise DomainError("There is nothing to undo here.")
    return left[:-1]


def _problems(data: object) -> list[str]:
    if not isinstance(data, dict):
        return ["A practice topic is a mapping of names to values."]
    found = [f"“{name}” is missing or no text." for name in ("query", "description") if not _text(data.get(name))]
    scale, passages = data.get("scale"), data.get("passages")
    if not isinstance(scale, list) or not all(isinstance(each, dict) for each in scale) or len(scale) < 2:
        return [*found, "“scale” lists at least two grades."]
    if not isinstance(passages, list) or not all(isinstance(each, dict) for each in passages) or not passages:
        return [*found, "“passages” lists at least one passage."]
    found += _scale_problems(scale)
    allowed = [step.get("grade") for step in scale] + [UNJUDGEABLE]
    for number, passage in enumerate(passages, 1):
        found += [
            f"Passage {number}: “{name}” is missing or no text."
            for name in ("title", "text", "why")
            if not _text(passage.get(name))
        ]
        if isinstance(passage.get("grade"), bool) or passage.get("grade") not in allowed:
            found.append(f"Passage {number}: “grade” is not on the scale, nor “{UNJUDGEABLE}”.")
        unknown = sorted(map(str, set(passage) - {"title", "text", "grade", "why", "tip"}))
        found += [f"Passage {number}: there is no field “{name}”." for name in unknown]
    return found


def _scale_problems(scale: list[dict]) -> list[str]:
    found = []
    if [step.get("grade") for step in scale] != list(range(len(scale))):
        found.append("“scale”: the grades are 0, 1, 2 …, in this order.")
    keys = [step.get("key") for step in scale]
    if not all(isinstance(key, str) and len(key) == 1 for key in keys) or len(set(keys)) < len(keys):
        found.append("“scale”: each grade has a “key” of its own, one character.")
    if not all(_text(step.get(name)) for step in scale for name in ("label", "definition")):
        found.append("“scale”: each grade has a “label” and a “definition”.")
    # A comma in an unquoted definition cuts it, and makes a field of the rest.
    unknown = sorted({str(name) for step in scale for name in set(step) - set(_STEP_FIELDS)})
    found += [f"“scale”: there is no field “{name}”; put a text with a comma in quotes." for name in unknown]
    return found


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
