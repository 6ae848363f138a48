"""What leaves the house: qrels."""

from collections.abc import Iterator

from assessment.domain.qrels import condition_code
from assessment.models import Assessor, JudgmentState


def qrels_lines(
    assessor: Assessor, *, keep_negative: bool = False, keep_iterations: bool = False, condition_codes: bool = False
) -> Iterator[str]:
    """Lines `topic 0 docid grade`, each with its newline, sorted by topic and then docid, byte by byte.

    Only judgments with a grade are qrels: skipped and unjudgeable pairs are left out, failures of a judge are no
    judgments at all. With `keep_negative`, imported negative grades are written back as they stood; with
    `keep_iterations`, so is the second column of an imported file. `condition_codes` does that too, and gives every
    other row the code of its condition there (see `condition_code`).
    """
    judgments = assessor.judgments.order_by("topic__qid", "document__docid")
    if keep_negative:
        judgments = judgments.exclude(grade__isnull=True, raw_grade__isnull=True)
    else:
        judgments = judgments.filter(state=JudgmentState.GRADED)
    rows = judgments.values_list(
        "topic__qid", "iteration", "document__docid", "grade", "raw_grade", "condition", "suggestion_grade"
    )
    for qid, iteration, docid, grade, raw, condition, shown in rows.iterator(chunk_size=10_000):
        code = condition_code(condition, shown) if condition_codes else "0"
        column = iteration if iteration and (keep_iterations or condition_codes) else code
        yield f"{qid} {column} {docid} {raw if grade is None else grade}\n"
