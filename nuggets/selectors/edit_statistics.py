"""What people made of a bank's first nuggets: copied, imported, or suggested by an LLM."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from nuggets.domain.lineage import Descent, EditStatistics, edit_statistics
from nuggets.models import Bank, Nugget, Wording

FIRST = (Nugget.Origin.COPIED, Nugget.Origin.IMPORTED, Nugget.Origin.SUGGESTED)


@dataclass(frozen=True)
class BankEdits:
    """The statistics of each list by its topic's id, in the order of the topics, as the lists stand now."""

    bank: Bank
    by_topic: dict[str, EditStatistics]

    @property
    def total(self) -> EditStatistics:
        return reduce(EditStatistics.plus, self.by_topic.values(), EditStatistics())

    @property
    def is_edited(self) -> bool:
        return self.total.kept < self.total.originals or self.total.added > 0


def bank_edits(bank: Bank, topics: Sequence[str] | None = None) -> BankEdits:
    """The edits of a bank in the topics with these ids (None: in all). Three queries."""
    nuggets = Nugget.objects.filter(topic_bank__bank=bank)
    if topics is not None:
        nuggets = nuggets.filter(topic_bank__topic__qid__in=topics)
    through = Nugget.parents.through.objects.filter(from_nugget__in=nuggets).order_by("to_nugget")
    parents = defaultdict(list)
    for child, parent in through.values_list("from_nugget", "to_nugget"):
        parents[child].append(parent)
    texts = defaultdict(dict)
    wordings = Wording.objects.filter(nugget__in=nuggets).order_by("-number")  # the first text is the last to come
    for nugget, text, current in wordings.values_list("nugget", "text", "current"):
        texts[nugget]["first"] = text
        if current:
            texts[nugget]["now"] = text
    lists: dict[str, dict[int, Descent]] = {}
    rows = nuggets.order_by("topic_bank__topic__position", "pk")
    for pk, qid, origin, retired in rows.values_list("pk", "topic_bank__topic__qid", "origin", "retired_because"):
        reworded = texts[pk].get("now") != texts[pk].get("first")
        lists.setdefault(qid, {})[pk] = Descent(origin in FIRST, reworded, retired, tuple(parents[pk]))
    return BankEdits(bank, {qid: edit_statistics(nuggets) for qid, nuggets in lists.items()})
