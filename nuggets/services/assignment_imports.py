"""A file of nugget assignments into a track: its answers, its bank, and an imported assessor's labels."""

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.domain.text_files import Progress, Source
from assessment.models import Assessor, Topic, Track
from assessment.services.copying import copy_rows, copy_text
from assessment.services.imports.assessors import imported_assessor
from assessment.services.imports.result import ImportResult, counted, lock_track
from nuggets.domain.assignment_files import AnswerLine, AssignmentFile, read_assignments
from nuggets.models import Answer, AnswerRun, BankCondition, NuggetAssignment

from .bank_imports import BankLists, refuse, topics_of_file

_COLUMNS = (
    "assessor_id", "answer_id", "wording_id", "label", "condition", "suggestion", "created_at", "updated_at",
)  # fmt: skip


def assignments_import(
    *,
    track: Track,
    source: Source,
    name: str,
    assessor_name: str,
    bank_name: str | None = None,
    condition: str = BankCondition.MANUAL,
    replace: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Store a file as the labels of an imported assessor, which is made on first use.

    Answers, and the bank (by default called like the assessor), are made where the track has none of that name, the
    lists frozen as the file has them; those that are there must be the file's. The topics are the file's where the
    track has none at all. Raises FileError with every problem, DomainError for a name that is taken.
    """
    imported_assessor(track, assessor_name)  # a name that is refused costs nobody the reading of a file
    file = read_assignments(source, name, progress=progress)
    first_lines = {answer.topic: answer.line for answer in reversed(file.answers)}
    with transaction.atomic():
        lock_track(track)
        topics = topics_of_file(track, file.queries, first_lines, name)
        assessor = imported_assessor(track, assessor_name) or Assessor.objects.create(
            track=track, kind=Assessor.Kind.IMPORTED, name=assessor_name, file_name=name[:255]
        )
        lists = BankLists(track, bank_name or assessor_name, condition, name)
        wordings = lists.add(file.nuggets, topics, first_lines)
        answers = _answers(track, file, topics, name)
        labels = {
            (answers[answer.run, answer.topic], wording): label
            for answer in file.answers
            for wording, label in zip(wordings[answer.topic], answer.labels, strict=True)
        }
        status = _store(assessor, labels, wordings, replace, name)
    made = f"{counted(len(file.answers), 'answer')} to {counted(len(file.nuggets), 'topic')}"
    nuggets = sum(map(len, file.nuggets.values()))
    said = f"{assessor.name}: {counted(len(labels), 'label')} of {counted(nuggets, 'nugget')}, {made}."
    return ImportResult(status, said, object=assessor)


def _answers(track: Track, file: AssignmentFile, topics: dict[str, Topic], name: str) -> dict[tuple[str, str], int]:
    """The key of each (run, topic)'s answer; an answer that is there must have the file's text."""
    runs = {run.tag: run for run in track.answer_runs.all()}
    new = [tag for tag in dict.fromkeys(answer.run for answer in file.answers) if tag not in runs]
    made = AnswerRun.objects.bulk_create(AnswerRun(track=track, tag=tag, file_name=name[:255]) for tag in new)
    runs |= {run.tag: run for run in made}
    there = {
        (one.run.tag, one.topic.qid): one
        for one in Answer.objects.filter(run__track=track, topic__in=topics.values()).select_related("run", "topic")
    }
    said = "is here with another text"
    refuse(
        [
            (line.line, f"the answer of {line.run} to topic {line.topic} {said}")
            for line in file.answers
            if (stored := there.get((line.run, line.topic))) and stored.text != line.text
        ],
        name,
    )
    created = Answer.objects.bulk_create(
        _answer(runs[line.run], topics[line.topic], line)
        for line in file.answers
        if (line.run, line.topic) not in there
    )
    return {(one.run.tag, one.topic.qid): one.pk for one in [*there.values(), *created]}


def _answer(run: AnswerRun, topic: Topic, line: AnswerLine) -> Answer:
    return Answer(
        run=run, topic=topic, text=line.text, words=len(line.text.split()), declared_words=line.declared_words
    )


def _store(
    assessor: Assessor, labels: dict[tuple[int, int], str], wordings: dict[str, list[int]], replace: bool, name: str
) -> str:
    of_these = NuggetAssignment.objects.filter(
        assessor=assessor, wording__in=[pk for each in wordings.values() for pk in each]
    )
    stored = {(answer, wording): label for answer, wording, label in of_these.values_list("answer", "wording", "label")}
    if stored == labels:
        return "unchanged"
    if stored and not replace:
        raise DomainError(
            f"{name}: {assessor.name} already has other labels of these nuggets; replace them, or choose another name."
        )
    of_these.delete()
    now = timezone.now().isoformat()
    rows = (
        "\t".join(map(copy_text, (assessor.pk, answer, wording, label, "", "", now, now)))
        for (answer, wording), label in labels.items()
    )
    copy_rows("nuggets_nuggetassignment", _COLUMNS, rows)
    return "replaced" if stored else "stored"
