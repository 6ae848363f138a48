"""A file of nugget assignments into a track: its answers, its bank, and an imported assessor's labels."""

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError, FileError, Problem
from assessment.domain.text_files import Progress, Source
from assessment.models import Assessor, Topic, Track
from assessment.services.copying import copy_rows, copy_text
from assessment.services.imports.result import ImportResult, counted, lock_track
from nuggets.domain.assignment_files import AnswerLine, AssignmentFile, NuggetLine, read_assignments
from nuggets.models import (
    Answer,
    AnswerRun,
    Bank,
    BankCondition,
    BankVersion,
    Nugget,
    NuggetAssignment,
    TopicBank,
    VersionNugget,
    Wording,
)
from nuggets.selectors.banks import scored_lists

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
    _refuse_name(assessor_name)
    file = read_assignments(source, name, progress=progress)
    with transaction.atomic():
        lock_track(track)
        topics = _topics(track, file, name)
        assessor = _assessor(track, assessor_name, name)
        wordings = _wordings(track, bank_name or assessor_name, condition, file, topics, name)
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


def _refuse_name(name: str) -> None:
    longest = Assessor._meta.get_field("name").max_length
    if not name.strip() or len(name) > longest:
        raise DomainError(f"An assessor needs a name of at most {longest} characters.")


def _assessor(track: Track, name: str, file_name: str) -> Assessor:
    stored = track.assessors.filter(name=name).first()
    if stored and stored.kind != Assessor.Kind.IMPORTED:
        raise DomainError(f"{name} is another assessor here ({stored.get_kind_display()}); choose another name.")
    if not stored and track.memberships.filter(user__username=name).exists():
        raise DomainError(f"{name} is a person of this track; choose another name for the file's labels.")
    return stored or Assessor.objects.create(
        track=track, kind=Assessor.Kind.IMPORTED, name=name, file_name=file_name[:255]
    )


def _topics(track: Track, file: AssignmentFile, name: str) -> dict[str, Topic]:
    if not track.topics.exists():
        _refuse([(0, f"topic {qid} has no query, and the track has no topics") for qid in file.nuggets
                 if not file.queries[qid].strip()], name)  # fmt: skip
        made = [
            Topic(track=track, qid=qid, query=file.queries[qid], position=place)
            for place, qid in enumerate(file.nuggets, 1)
        ]
        Topic.objects.bulk_create(made)
    topics = {topic.qid: topic for topic in track.topics.filter(qid__in=file.nuggets)}
    _refuse(
        [(one.line, f"the track has no topic {one.topic}") for one in file.answers if one.topic not in topics], name
    )
    return topics


def _refuse(problems: list[tuple[int, str]], name: str) -> None:
    if problems:
        raise FileError(name, [Problem(line, said) for line, said in problems])


def _wordings(
    track: Track, bank_name: str, condition: str, file: AssignmentFile, topics: dict[str, Topic], name: str
) -> dict[str, list[int]]:
    """The keys of each topic's wordings, in the order of the file's nuggets."""
    bank, _ = Bank.objects.get_or_create(
        track=track, name=bank_name, defaults={"condition": condition, "file_name": name[:255]}
    )
    standing = scored_lists(bank, topics.values())
    has_list = {one.topic.qid: one.topic_id for one in bank.topic_banks.select_related("topic")}
    wordings, different = {}, []
    for qid, nuggets in file.nuggets.items():
        if qid not in has_list:
            wordings[qid] = _list_create(bank, topics[qid], nuggets, name)
            continue
        there = standing[has_list[qid]].nuggets if has_list[qid] in standing else []
        if [(one.text, one.importance) for one in there] != list(nuggets):
            different.append(qid)
        wordings[qid] = [one.wording for one in there]
    first_line = {answer.topic: answer.line for answer in reversed(file.answers)}
    _refuse([(first_line[qid], f"the nuggets of topic {qid} are not those of bank {bank}") for qid in different], name)
    return wordings


def _list_create(bank: Bank, topic: Topic, nuggets: tuple[NuggetLine, ...], name: str) -> list[int]:
    """A new list of imported nuggets with its first frozen version."""
    topic_bank = TopicBank.objects.create(bank=bank, topic=topic)
    made = Nugget.objects.bulk_create(
        Nugget(
            topic_bank=topic_bank,
            number=place,
            position=place,
            importance=nugget.importance,
            origin=Nugget.Origin.IMPORTED,
        )
        for place, nugget in enumerate(nuggets, 1)
    )
    wordings = Wording.objects.bulk_create(
        Wording(nugget=stored, number=1, text=nugget.text) for stored, nugget in zip(made, nuggets, strict=True)
    )
    version = BankVersion.objects.create(topic_bank=topic_bank, number=1, revision=0, note=f"As imported from {name}.")
    VersionNugget.objects.bulk_create(
        VersionNugget(version=version, wording=wording, position=place, importance=nugget.importance)
        for place, (wording, nugget) in enumerate(zip(wordings, nuggets, strict=True), 1)
    )
    return [wording.pk for wording in wordings]


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
    _refuse(
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
