"""A topic's list as its editors see it: the nuggets, where each comes from, and what was done to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from assessment.models import Document
from nuggets.domain.edits import NuggetList, NuggetState
from nuggets.domain.edits import Passage as Support
from nuggets.domain.matching import Pair, near_duplicates
from nuggets.models import BankEdit, Nugget, NuggetPassage, TopicBank, Wording
from nuggets.selectors.relevant import relevant_passages

MOST_PASSAGES = 200


@dataclass
class ShownNugget:
    """`earlier`: texts it had before, the latest first; `parents`: of those it was merged, split or copied from."""

    number: int
    state: NuggetState
    docids: list[str]
    earlier: list[str]
    parents: list[str]

    @property
    def places(self) -> list[tuple[int, str, str]]:
        """Its passages: place from 0, docid, and what was selected."""
        passages = zip(self.docids, self.state.passages, strict=True)
        return [(place, docid, passage.text) for place, (docid, passage) in enumerate(passages)]

    @property
    def came(self) -> str:
        """Where it comes from, in words."""
        return Nugget.Origin(self.state.origin).label


@dataclass
class ShownList:
    """`doubles`: pairs of nuggets that may say the same; `unweighed`: numbers without an importance."""

    topic_bank: TopicBank
    nuggets: list[ShownNugget]
    retired: list[ShownNugget]
    doubles: list[Pair]

    @property
    def unweighed(self) -> list[int]:
        return [one.number for one in self.nuggets if not one.state.importance]


@dataclass
class Done:
    """One edit in words."""

    edit: BankEdit
    said: list[str]


def nugget_list(topic_bank: TopicBank) -> NuggetList:
    """The list as `nuggets.domain.edits` knows it. Four queries."""
    nuggets = list(topic_bank.nuggets.order_by("position", "number"))
    texts = dict(Wording.objects.filter(nugget__in=nuggets, current=True).values_list("nugget", "text"))
    passages = defaultdict(list)
    for one in NuggetPassage.objects.filter(nugget__in=nuggets).order_by("pk"):
        passages[one.nugget_id].append(Support(one.document_id, one.start, one.end, one.text))
    numbers = {nugget.pk: nugget.number for nugget in nuggets}
    parents = defaultdict(list)
    for child, parent in _parenthood(nuggets):
        if parent in numbers:
            parents[child].append(numbers[parent])
    states = {
        nugget.number: NuggetState(
            texts[nugget.pk],
            nugget.importance,
            nugget.sub_narrative,
            nugget.note,
            nugget.retired_because,
            nugget.origin,
            tuple(sorted(parents[nugget.pk])),
            tuple(passages[nugget.pk]),
        )
        for nugget in nuggets
    }
    return NuggetList(tuple(nugget.number for nugget in nuggets), states)


def shown_list(topic_bank: TopicBank, *, hides_importance: bool = False) -> ShownList:
    """The list for the screen; with `hides_importance`, without any. Eight queries."""
    stored = nugget_list(topic_bank)
    earlier, docids, parents = _earlier(topic_bank), _docids(stored), _parent_texts(topic_bank)
    shown = {}
    for number, state in stored.states.items():
        state = NuggetState.from_dict(state.as_dict() | {"importance": ""}) if hides_importance else state
        named = [docids[one.document] for one in state.passages]
        shown[number] = ShownNugget(number, state, named, earlier.get(number, []), parents.get(number, []))
    live = [shown[number] for number in stored.live]
    retired = [shown[number] for number in stored.order if stored.states[number].retired]
    return ShownList(topic_bank, live, retired, near_duplicates({one.number: one.state.text for one in live}))


def edits_done(topic_bank: TopicBank, *, hides_importance: bool = False, most: int = 200) -> list[Done]:
    """The latest edits first. Two queries."""
    edits = topic_bank.edits.select_related("actor", "reverts").order_by("-number")[:most]
    hidden = {"importance"} if hides_importance else set()
    shown = [Done(edit, _in_words(edit.changes, hidden)) for edit in edits]
    return [one for one in shown if one.said or not hidden]


def sub_narratives_of(topic_bank: TopicBank) -> list[str]:
    """Those of the topic, and those that its nuggets have besides. One query."""
    known = dict.fromkeys(str(one) for one in topic_bank.topic.sub_narratives)
    used = topic_bank.nuggets.exclude(sub_narrative="").order_by("position").values_list("sub_narrative", flat=True)
    return list(known | dict.fromkeys(used))


def passages_to_read(topic_bank: TopicBank) -> list[Document]:
    """What nuggets are written from: documents graded relevant by people, by the track's threshold. Two queries."""
    track = topic_bank.bank.track
    keys = relevant_passages(track, [topic_bank.topic], threshold=track.relevant_from).get(topic_bank.topic_id, [])
    found = Document.objects.in_bulk(keys[:MOST_PASSAGES])
    return [found[key] for key in keys[:MOST_PASSAGES]]


def _parenthood(nuggets: Iterable[Nugget]) -> Iterable[tuple[int, int]]:
    through = Nugget.parents.through.objects.filter(from_nugget__in=nuggets)
    return through.values_list("from_nugget", "to_nugget")


def _earlier(topic_bank: TopicBank) -> dict[int, list[str]]:
    found = defaultdict(list)
    wordings = Wording.objects.filter(nugget__topic_bank=topic_bank, current=False).order_by("-number")
    for number, text in wordings.values_list("nugget__number", "text"):
        found[number].append(text)
    return found


def _docids(stored: NuggetList) -> dict[int, str]:
    keys = {one.document for state in stored.states.values() for one in state.passages}
    return dict(Document.objects.filter(pk__in=keys).values_list("pk", "docid"))


def _parent_texts(topic_bank: TopicBank) -> dict[int, list[str]]:
    """The texts that the parents have now, also of those in another bank."""
    pairs = list(
        Nugget.parents.through.objects.filter(from_nugget__topic_bank=topic_bank)
        .order_by("to_nugget")
        .values_list("from_nugget__number", "to_nugget")
    )
    texts = dict(
        Wording.objects.filter(nugget__in={parent for _, parent in pairs}, current=True).values_list("nugget", "text")
    )
    found = defaultdict(list)
    for number, parent in pairs:
        found[number].append(texts[parent])
    return found


def _in_words(stored: dict, hidden: set[str]) -> list[str]:
    said = []
    for number, sides in stored["nuggets"].items():
        before, after = sides["before"], sides["after"]
        if before is None:
            said.append(f"{number}: “{after['text']}”")
            continue
        said += [
            f"{number} {_change(name, before[name], after[name])}" for name in _SAID if before[name] != after[name]
        ]
        if "importance" not in hidden and before["importance"] != after["importance"]:
            said.append(f"{number}: {before['importance'] or 'not said'} → {after['importance'] or 'not said'}")
    if moved := stored.get("moved"):
        said.append(f"{moved['number']} from place {moved['before'] + 1} to {moved['after'] + 1}")
    return said


_SAID = ("text", "sub_narrative", "note", "retired", "passages")


def _change(name: str, before, after) -> str:
    if name == "retired":
        return f"is {after}" if after else "counts again"
    if name == "passages":
        return f"has {len(after)} passage{'' if len(after) == 1 else 's'} instead of {len(before)}"
    label = "" if name == "text" else f"{name.replace('_', '-')} "
    return f"{label}“{before}” → “{after}”"
