"""Labels that judges give: about a wording, once. What is stored stays: a wording is never looked at twice."""

from collections.abc import Iterable, Mapping

from assessment.domain.errors import DomainError
from assessment.models import Assessor
from nuggets.models import Label, NuggetAssignment

_AT_ONCE = 5000


def judge_labels_store(*, assessor: Assessor, answer: int, labels: Mapping[int, str]) -> None:
    """What a judge says of the answer (its key), by the wording's key. A label that is there is not changed.

    Raises DomainError for an assessor who is no judge, ValueError for a label that is none.
    """
    _store(assessor, ((answer, wording, label) for wording, label in labels.items()))


def empty_answers_label(*, assessor: Assessor, pairs: Iterable[tuple[int, int]]) -> None:
    """An empty answer supports nothing: nobody need be asked. `pairs` are keys of answer and wording."""
    _store(assessor, ((answer, wording, Label.NOT_SUPPORT) for answer, wording in pairs))


def _store(assessor: Assessor, labels: Iterable[tuple[int, int, str]]) -> None:
    if assessor.kind != Assessor.Kind.LLM:
        raise DomainError(f"{assessor.name} is no judge.")
    rows = [
        NuggetAssignment(assessor=assessor, answer_id=answer, wording_id=wording, label=Label(label))
        for answer, wording, label in labels
    ]
    NuggetAssignment.objects.bulk_create(rows, batch_size=_AT_ONCE, ignore_conflicts=True)
