"""What leaves the house: qrels."""

from collections.abc import Iterator

from assessment.models import Assessor, JudgmentState


def qrels_lines(assessor: Assessor, *, keep_negative: bool = False, keep_iterations: bool = False) -> Iterator[str]:
    """Lines `topic 0 docid grade`, each with its newline, sorted by topic and then docid, byte by byte.

    Only judgments with a grade are qrels: skipped and unjudgeable pairs are left out, failures of a judge are no
    judgments at all. With `keep_negative`, imported negative grades are written back as they stood; with
    `keep_iterations`, so is the second column of an imported file.
    """
    judgments = assessor.judgments.order_by("topic__qid", "document__docid")
    if keep_negative:
        judgments = judgments.exclude(grade__isnull=True, raw_grade__isnull=True)
    else:
        judgments = judgments.filter(state=JudgmentState.GRADED)
    rows = judgments.values_list("topic__qid", "iteration", "document__docid", "grade", "raw_grade")
    for qid, iteration, docid, grade, raw in rows.iterator(chunk_size=10_000):
        yield f"{qid} {iteration if keep_iterations and iteration else 0} {docid} {raw if grade is None else grade}\n"
