"""Qrels into a track: each file is an assessor."""

import hashlib
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError, FileError, Problem
from assessment.domain.qrels import QrelsLine, iterations_are_conditions, read_qrels
from assessment.domain.text_files import Progress, Source
from assessment.models import Assessor, Condition, Judgment, JudgmentState, Track
from assessment.services.copying import copy_rows, copy_text, document_ids

from .assessors import imported_assessor
from .result import ImportResult, counted, lock_track, skipped_warnings

LOWEST_RAW_GRADE = -(2**15)  # of a 16-bit column
# fmt: off
_COLUMNS = (
    "assessor_id", "topic_id", "document_id", "state", "grade", "raw_grade", "iteration", "condition",
    "suggestion_grade", "note", "reason", "created_at", "updated_at",
)
# fmt: on


def qrels_import(
    *,
    track: Track,
    source: Source,
    name: str,
    assessor_name: str,
    replace: bool = False,
    skip_unknown_topics: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Store a qrels file as the judgments of an imported assessor, which is made on first use.

    A name that is taken is refused, unless the judgments are identical (then `unchanged`) or `replace` is given; people
    and judges are never overwritten. Raises FileError with every problem, DomainError for a name that is taken.
    """
    imported_assessor(track, assessor_name)  # a name that is refused costs nobody the reading of a file
    topics = dict(track.topics.values_list("qid", "pk"))
    if not topics:
        raise DomainError("The track has no topics yet; import them before its qrels.")
    scale = list(track.grades.values_list("value", flat=True))
    qrels = read_qrels(
        source, name, scale=scale, known_topics=topics, skip_unknown_topics=skip_unknown_topics, progress=progress
    )
    _refuse_unstorable(qrels.lines, name)
    digest = _digest(qrels.lines)
    with transaction.atomic():
        lock_track(track)
        stored = imported_assessor(track, assessor_name)
        if stored and stored.sha256 == digest:
            return ImportResult("unchanged", f"{assessor_name}: these very judgments are already there.", object=stored)
        taken = stored is not None and stored.judgments.exists()  # it may have labels of nuggets alone
        if taken and not replace:
            raise DomainError(
                f"{name}: {assessor_name} already has other judgments here; replace them, or choose another name."
            )
        assessor = stored or Assessor(track=track, kind=Assessor.Kind.IMPORTED, name=assessor_name)
        assessor.file_name, assessor.sha256 = name[:255], digest
        assessor.save()
        assessor.judgments.all().delete()
        ids = document_ids(track.collection, list({line.docid for line in qrels.lines}))
        copy_rows("assessment_judgment", _COLUMNS, _rows(assessor, qrels.lines, topics, ids))
    said = f"{assessor_name}: {counted(len(qrels.lines), 'judgment')}."
    return ImportResult("replaced" if taken else "stored", said, skipped_warnings(qrels.skipped), assessor)


def _refuse_unstorable(lines: Iterable[QrelsLine], name: str) -> None:
    longest = Judgment._meta.get_field("iteration").max_length
    problems = []
    for line in lines:
        said = f"the iteration has more than {longest} characters" if len(line.iteration) > longest else ""
        said = f"a negative grade is at least {LOWEST_RAW_GRADE}" if line.grade < LOWEST_RAW_GRADE else said
        if said:
            problems.append(Problem(0, said, f"{line.topic} {line.iteration} {line.docid} {line.grade}"))
    if problems:
        raise FileError(name, problems)


def _digest(lines: Iterable[QrelsLine]) -> str:
    rows = sorted(f"{line.topic} {line.iteration} {line.docid} {line.grade}\n" for line in lines)
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _rows(assessor: Assessor, lines: list[QrelsLine], topics: dict[str, int], ids: dict[str, int]) -> Iterable[str]:
    by_condition = iterations_are_conditions(line.iteration for line in lines)
    now = timezone.now().isoformat()
    for line in lines:
        condition, shown = _condition(line.iteration) if by_condition else ("", None)
        state, grade, raw = (JudgmentState.GRADED, line.grade, None)
        if line.grade < 0:
            state, grade, raw = (JudgmentState.UNJUDGEABLE, None, line.grade)
        values = (
            assessor.pk, topics[line.topic], ids[line.docid], state.value, grade, raw, line.iteration, condition, shown,
            "", "", now, now,
        )  # fmt: skip
        yield "\t".join(map(copy_text, values))


def _condition(code: str) -> tuple[str, int | None]:
    """NIST's codes of 2024: 1 manual, 2 filtered, 2 + g post-edit with label g shown (formats.md, "qrels")."""
    number = int(code)
    if number > 2:
        return Condition.POST_EDIT.value, number - 2
    return (Condition.FILTERED if number == 2 else Condition.MANUAL).value, None
