"""Nuggets and assignments as files, in the forms that `import_nuggets` and `import_assignments` read."""

import json
from collections.abc import Iterator, Sequence

from django.db.models import Count, Q, QuerySet

from assessment.models import Assessor, Topic, Track
from nuggets.models import Answer, Bank, NuggetAssignment, Wording

from .banks import ScoredList, scored_lists


def exported_banks(track: Track) -> QuerySet[Bank]:
    """The track's banks by name, each with its number of `topics` and of `nuggets` that are not retired."""
    standing = Q(topic_banks__nuggets__retired_at=None)
    return track.banks.order_by("name").annotate(
        topics=Count("topic_banks", distinct=True),
        nuggets=Count("topic_banks__nuggets", filter=standing, distinct=True),
    )


def nugget_lines(bank: Bank, topics: Sequence[Topic] | None = None) -> Iterator[str]:
    """One line of JSON a topic: its latest frozen version, or the list as it stands where none is."""
    lists = scored_lists(bank, topics)
    told = _told_of_wordings(lists)
    for topic in Topic.objects.filter(pk__in=lists).order_by("position"):
        nuggets = lists[topic.pk].nuggets
        has_more = any(any(told[nugget.wording]) for nugget in nuggets)
        said = [
            {"text": nugget.text}
            | ({"mapped_sub_narrative": told[nugget.wording][0]} if has_more else {})
            | ({"importance": nugget.importance} if nugget.importance else {})
            | ({"source": told[nugget.wording][1]} if told[nugget.wording][1] else {})
            for nugget in nuggets
        ]
        yield _line({"query": topic.query, "qid": topic.qid, "nuggets": said})


def assignment_lines(bank: Bank, assessor: Assessor, topics: Sequence[Topic] | None = None) -> Iterator[str]:
    """One line of JSON an answer of which the assessor has labelled every nugget that counts; by topic, then run."""
    lists = scored_lists(bank, topics)
    wordings = [nugget.wording for found in lists.values() for nugget in found.nuggets]
    given = NuggetAssignment.objects.filter(assessor=assessor, wording__in=wordings).order_by()
    label_of = {(answer, wording): label for answer, wording, label in given.values_list("answer", "wording", "label")}
    answers = Answer.objects.filter(pk__in={answer for answer, _ in label_of}).select_related("run", "topic")
    for answer in answers.order_by("topic__position", "run__tag"):
        nuggets = lists[answer.topic_id].nuggets
        if not all((answer.pk, nugget.wording) in label_of for nugget in nuggets):
            continue
        said = [
            {
                "text": nugget.text,
                "importance": nugget.importance,
                "assignment": label_of[answer.pk, nugget.wording],
            }
            for nugget in nuggets
        ]
        length = answer.words if answer.declared_words is None else answer.declared_words
        yield _line(
            {
                "query": answer.topic.query,
                "qid": answer.topic.qid,
                "nuggets": said,
                "run_id": answer.run.tag,
                "answer_text": answer.text,
                "response_length": length,
            }
        )


def _told_of_wordings(lists: dict[int, ScoredList]) -> dict[int, tuple[str, str]]:
    """By wording: its nugget's sub-narrative and source."""
    keys = [nugget.wording for found in lists.values() for nugget in found.nuggets]
    rows = Wording.objects.filter(pk__in=keys).order_by()
    return {pk: told for pk, *told in rows.values_list("pk", "nugget__sub_narrative", "nugget__source")}


def _line(record: dict) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"
