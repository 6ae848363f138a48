"""Lists of nuggets from files into a bank. A list that is there is never overwritten: edits belong to people."""

from collections.abc import Mapping

from django.db import transaction

from assessment.domain.errors import DomainError, FileError, Problem
from assessment.domain.text_files import Progress, Source
from assessment.models import Topic, Track
from assessment.services.imports.result import ImportResult, counted, lock_track
from nuggets.domain.nugget_files import NuggetLine, read_nuggets
from nuggets.models import Bank, BankCondition, BankVersion, Nugget, TopicBank, VersionNugget, Wording
from nuggets.selectors.banks import scored_lists

Lists = Mapping[str, tuple[NuggetLine, ...]]


def nuggets_import(
    *,
    track: Track,
    source: Source,
    name: str,
    bank_name: str,
    condition: str = BankCondition.MANUAL,
    progress: Progress | None = None,
) -> ImportResult:
    """Add a file's lists to a bank, which is made on first use. A list whose nuggets all have an importance is frozen
    as the file has it; one that is there must be the file's. Topics as in `topics_of_file`. Raises FileError."""
    file = read_nuggets(source, name, progress=progress)
    with transaction.atomic():
        lock_track(track)
        topics = topics_of_file(track, file.queries, file.lines, name)
        lists = BankLists(track, bank_name, condition, name)
        lists.add(file.nuggets, topics, file.lines)
    nuggets = sum(map(len, file.nuggets.values()))
    said = f"{lists.bank.name}: {counted(nuggets, 'nugget')} of {counted(len(file.nuggets), 'topic')}."
    return ImportResult("stored" if lists.new else "unchanged", said, object=lists.bank)


def topics_of_file(track: Track, queries: Mapping[str, str], lines: Mapping[str, int], name: str) -> dict[str, Topic]:
    """The track's topics by qid; they are made from the file's `queries` where the track has none at all."""
    if not track.topics.exists():
        silent = [qid for qid in queries if not queries[qid].strip()]
        refuse([(lines[qid], f"topic {qid} has no query, and the track has no topics") for qid in silent], name)
        made = [
            Topic(track=track, qid=qid, query=query, position=n) for n, (qid, query) in enumerate(queries.items(), 1)
        ]
        Topic.objects.bulk_create(made)
    topics = {topic.qid: topic for topic in track.topics.filter(qid__in=queries)}
    refuse([(lines[qid], f"the track has no topic {qid}") for qid in queries if qid not in topics], name)
    return topics


def refuse(problems: list[tuple[int, str]], name: str) -> None:
    """FileError with these (line, what is wrong), if there are any."""
    if problems:
        raise FileError(name, [Problem(line, said) for line, said in sorted(problems)])


class BankLists:
    """The lists of one bank while a file is stored; `new` counts those that it added. Call inside a transaction."""

    def __init__(self, track: Track, bank_name: str, condition: str, file_name: str):
        longest = Bank._meta.get_field("name").max_length
        if not bank_name.strip() or len(bank_name) > longest:
            raise DomainError(f"A bank needs a name of at most {longest} characters.")
        fields = {"condition": condition, "file_name": file_name[:255]}
        self.bank, _ = Bank.objects.get_or_create(track=track, name=bank_name, defaults=fields)
        self.file_name = file_name
        self.new = 0

    def add(self, lists: Lists, topics: Mapping[str, Topic], lines: Mapping[str, int]) -> dict[str, list[int]]:
        """The keys of each topic's wordings, in the file's order. FileError where a list is there that differs."""
        standing = scored_lists(self.bank, topics.values())
        started = set(self.bank.topic_banks.values_list("topic", flat=True))
        wordings, different = {}, []
        for qid, nuggets in lists.items():
            topic = topics[qid]
            if topic.pk not in started:
                wordings[qid] = self._create(topic, nuggets)
                continue
            there = standing[topic.pk].nuggets if topic.pk in standing else []
            wordings[qid] = [nugget.wording for nugget in there]
            if [(one.text, one.importance) for one in there] != [(one.text, one.importance) for one in nuggets]:
                different.append((lines[qid], f"the nuggets of topic {qid} are not those of bank {self.bank}"))
        refuse(different, self.file_name)
        return wordings

    def _create(self, topic: Topic, lines: tuple[NuggetLine, ...]) -> list[int]:
        topic_bank = TopicBank.objects.create(bank=self.bank, topic=topic)
        nuggets = Nugget.objects.bulk_create(
            Nugget(
                topic_bank=topic_bank,
                number=place,
                position=place,
                importance=line.importance,
                sub_narrative=line.sub_narrative,
                source=line.source,
                origin=Nugget.Origin.IMPORTED,
            )
            for place, line in enumerate(lines, 1)
        )
        wordings = Wording.objects.bulk_create(
            Wording(nugget=nugget, number=1, text=line.text) for nugget, line in zip(nuggets, lines, strict=True)
        )
        self.new += 1
        if all(line.importance for line in lines):
            self._freeze(topic_bank, wordings)
        return [wording.pk for wording in wordings]

    def _freeze(self, topic_bank: TopicBank, wordings: list[Wording]) -> None:
        note = f"As imported from {self.file_name}."
        version = BankVersion.objects.create(topic_bank=topic_bank, number=1, revision=0, note=note)
        VersionNugget.objects.bulk_create(
            VersionNugget(
                version=version,
                wording=wording,
                position=wording.nugget.position,
                importance=wording.nugget.importance,
                sub_narrative=wording.nugget.sub_narrative,
            )
            for wording in wordings
        )
