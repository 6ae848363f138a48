"""Reading qrels, and the codes of their second column.

Four columns parted by white space: `topic iteration docid grade`. The iteration is any token and kept verbatim. A grade
is an integer of the track's scale; a negative one means that the document could not be judged: it is read with its raw
value, is never outside of the scale, and is for the caller to keep out of measures and agreement.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from assessment.domain.text_files import MAX_ID_LENGTH, Problems, Progress, Source, id_problem, line_blocks

COLUMNS = 4
GRADE = re.compile(rb"[+-]?[0-9]{1,9}")
CONDITION_CODES = frozenset("12345")


class QrelsLine(NamedTuple):
    """One judged pair; a negative grade is the state unjudgeable with its raw value."""

    topic: str
    iteration: str
    docid: str
    grade: int

    @property
    def is_unjudgeable(self) -> bool:
        return self.grade < 0


class Qrels(NamedTuple):
    """A qrels file: its lines in order, and how many lines of each unknown topic were left out."""

    lines: list[QrelsLine]
    skipped: dict[str, int]


def read_qrels(
    source: Source,
    name: str,
    *,
    scale: Collection[int],
    known_topics: Collection[str] | None = None,
    skip_unknown_topics: bool = False,
    progress: Progress | None = None,
) -> Qrels:
    """Read and check a whole file of judgments.

    `scale` holds the grades that the track allows; `known_topics` (None: any topic is fine) those of the track.
    FileError lists every problem: wrong columns, a grade that is no integer or outside the scale, a pair that stands
    twice, an unknown topic unless these are to be skipped.
    """
    problems = Problems(name)
    known = None if known_topics is None else frozenset(known_topics)
    lines: list[QrelsLine] = []
    skipped: dict[str, int] = {}
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    for first, block in line_blocks(source, name, problems=problems, progress=progress):
        for number, raw in enumerate(block, first):
            parsed = _parsed(number, raw, problems) if raw and not raw.isspace() else None
            if parsed is None:
                continue
            if known is not None and parsed.topic not in known:
                skipped[parsed.topic] = skipped.get(parsed.topic, 0) + 1
                if not skip_unknown_topics and skipped[parsed.topic] == 1:
                    problems.add(number, f"topic {parsed.topic} is not in the track", raw)
                continue
            if parsed.grade >= 0 and parsed.grade not in scale:
                problems.add(number, f"grade {parsed.grade} is outside of the scale {_scale_text(scale)}", raw)
            earlier_line, earlier_grade = seen.setdefault((parsed.topic, parsed.docid), (number, parsed.grade))
            if earlier_line != number:
                which = "with the same grade" if earlier_grade == parsed.grade else f"with grade {earlier_grade}"
                problems.add(number, f"this topic and document are already on line {earlier_line}, {which}", raw)
            lines.append(parsed)
    if not lines and not problems:
        problems.add(0, "no topic of this file is in the track" if skipped else "there is no judgment in this file")
    problems.raise_if_any()
    return Qrels(lines, skipped)


def _parsed(number: int, raw: bytes, problems: Problems) -> QrelsLine | None:
    columns = raw.split()
    if len(columns) != COLUMNS:
        problems.add(number, f"{len(columns)} columns instead of {COLUMNS}", raw)
        return None
    topic, iteration, docid = (column.decode() for column in columns[:3])
    if len(raw) > MAX_ID_LENGTH or b"\0" in raw:
        reason = id_problem(topic) or id_problem(iteration) or id_problem(docid)
        if reason:
            problems.add(number, reason, raw)
            return None
    if not GRADE.fullmatch(columns[3]):
        problems.add(number, "the grade is not an integer", raw)
        return None
    return QrelsLine(topic, iteration, docid, int(columns[3]))


def _scale_text(scale: Collection[int]) -> str:
    return ", ".join(map(str, sorted(scale)))


def iterations_are_conditions(iterations: Iterable[str]) -> bool:
    """Whether column 2 of a file is a condition code, as in NIST's qrels of 2024.

    It is when every value is in 1-5 and at least one is 2 or more: 1 manual, 2 filtered, 3-5 post-edit with the label
    1-3 shown. A column of nothing but 1 is not (TREC-COVID numbers its rounds so).
    """
    values = set(iterations)
    return values <= CONDITION_CODES and bool(values - {"1"})


def condition_code(condition: str, shown: int | None) -> str:
    """Column 2 of one judgment, NIST's way: 1 manual, 2 filtered, 2 + g post-edit with label g shown, 0 automatic.

    Also 0 where the condition is not known. A post-edit pair whose label nobody saw, because it had not come yet or was
    still hidden, was judged like a manual one: 1.
    """
    if condition == "post_edit" and shown is not None:
        return str(2 + shown)
    return {"manual": "1", "filtered": "2", "post_edit": "1"}.get(condition, "0")
