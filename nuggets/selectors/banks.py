"""Which nuggets of a bank count."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from assessment.models import Topic
from nuggets.models import Bank, BankVersion, VersionNugget, Wording


class ScoredNugget(NamedTuple):
    wording: int
    text: str
    importance: str


class ScoredList(NamedTuple):
    """A topic's nuggets in their order; `frozen` is the version's number, None for a list that may still change."""

    nuggets: list[ScoredNugget]
    frozen: int | None


def scored_lists(bank: Bank, topics: Iterable[Topic] | None = None) -> dict[int, ScoredList]:
    """By topic's key: the latest frozen version of its list, or the list as it stands where none is. Four queries."""
    lists = bank.topic_banks.all()
    if topics is not None:
        lists = lists.filter(topic__in=list(topics))
    topic_of = dict(lists.values_list("pk", "topic"))
    frozen = BankVersion.objects.filter(topic_bank__in=topic_of).order_by("number")
    versions = {one.topic_bank_id: one for one in frozen}  # the latest of each list comes last
    return {
        topic_of[pk]: ScoredList(nuggets, versions[pk].number if pk in versions else None)
        for pk, nuggets in _nuggets(topic_of, versions).items()
    }


def _nuggets(lists: Iterable[int], versions: dict[int, BankVersion]) -> dict[int, list[ScoredNugget]]:
    found = defaultdict(list)
    frozen = VersionNugget.objects.filter(version__in=versions.values()).order_by("position")
    fields = ("version__topic_bank", "wording", "wording__text", "importance")
    for topic_bank, *nugget in frozen.values_list(*fields):
        found[topic_bank].append(ScoredNugget(*nugget))
    standing = Wording.objects.filter(current=True, nugget__retired_at=None, nugget__topic_bank__in=lists)
    standing = standing.exclude(nugget__topic_bank__in=versions).order_by("nugget__position", "nugget__number")
    for topic_bank, *nugget in standing.values_list("nugget__topic_bank", "pk", "text", "nugget__importance"):
        found[topic_bank].append(ScoredNugget(*nugget))
    return found
