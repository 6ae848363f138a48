"""A topic's list of nuggets, and the edits that people make to it. Pure: nothing here is stored.

Nuggets are known by their numbers, which are never used again: who is edited out is *retired* and can come back. Every
edit takes a list and returns another; `changes` says what differs, which is what is stored, and `undone` goes back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace

from assessment.domain.errors import DomainError

LONGEST = 2_000
IMPORTANCES = ("vital", "okay", "")
RETIRED, MERGED, SPLIT = "retired", "merged", "split"


class NuggetGone(DomainError):
    """The nugget of this number does not count any more."""

    def __init__(self, number: int, state: str):
        super().__init__(f"Nugget {number} is {state}: restore it first.")
        self.number = number


@dataclass(frozen=True)
class Passage:
    """A passage that supports a nugget: its document's key, and where in its text (code points; None: as a whole)."""

    document: int
    start: int | None = None
    end: int | None = None
    text: str = ""


@dataclass(frozen=True)
class NuggetState:
    """One nugget. `retired`: why it no longer counts (retired, merged, split); empty while it does."""

    text: str
    importance: str = ""
    sub_narrative: str = ""
    note: str = ""
    retired: str = ""
    origin: str = "created"
    parents: tuple[int, ...] = ()
    passages: tuple[Passage, ...] = ()

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping) -> "NuggetState":
        passages = tuple(Passage(**one) for one in stored["passages"])
        return cls(**{**stored, "parents": tuple(stored["parents"]), "passages": passages})


FIELDS = tuple(one.name for one in fields(NuggetState))


@dataclass(frozen=True)
class NuggetList:
    """`order`: the numbers of all nuggets, retired ones too, as they stand; `states`: each one by its number."""

    order: tuple[int, ...] = ()
    states: Mapping[int, NuggetState] = field(default_factory=dict)

    @property
    def live(self) -> tuple[int, ...]:
        """Those that count, in their order."""
        return tuple(number for number in self.order if not self.states[number].retired)

    def with_states(self, changed: Mapping[int, NuggetState]) -> "NuggetList":
        return replace(self, states={**self.states, **changed})

    def inserted(self, place: int, states: Sequence[NuggetState]) -> "NuggetList":
        """New nuggets from this place of the order on, numbered after the highest number so far."""
        first = max(self.order, default=0) + 1
        numbers = tuple(range(first, first + len(states)))
        order = (*self.order[:place], *numbers, *self.order[place:])
        return NuggetList(order, {**self.states, **dict(zip(numbers, states, strict=True))})


Edit = Callable[[NuggetList], NuggetList]


def add(before: NuggetList, text: str, **more) -> NuggetList:
    """One more nugget at the end; `more`: importance, sub_narrative, note, passages."""
    state = NuggetState(worded(text), **more)
    _check_importance(state.importance)
    return before.inserted(len(before.order), [state])


def reword(before: NuggetList, number: int, text: str) -> NuggetList:
    return _set(before, number, text=worded(text))


def weigh(before: NuggetList, number: int, importance: str) -> NuggetList:
    _check_importance(importance)
    return _set(before, number, importance=importance)


def place_under(before: NuggetList, number: int, sub_narrative: str) -> NuggetList:
    return _set(before, number, sub_narrative=" ".join(sub_narrative.split()))


def annotate(before: NuggetList, number: int, note: str) -> NuggetList:
    return _set(before, number, note=note.strip())


def link(before: NuggetList, number: int, passage: Passage) -> NuggetList:
    """One more passage that supports it. The same one again changes nothing."""
    there = _live(before, number).passages
    return _set(before, number, passages=there if passage in there else (*there, passage))


def unlink(before: NuggetList, number: int, place: int) -> NuggetList:
    """Without the passage at this place of its list, from 0."""
    there = _live(before, number).passages
    if not 0 <= place < len(there):
        raise DomainError(f"Nugget {number} has no such passage any more.")
    return _set(before, number, passages=(*there[:place], *there[place + 1 :]))


def retire(before: NuggetList, number: int) -> NuggetList:
    return _set(before, number, retired=RETIRED)


def restore(before: NuggetList, number: int) -> NuggetList:
    """A retired nugget counts again, in the place where it stood. What it was merged or split into stays."""
    state = _known(before, number)
    if not state.retired:
        raise DomainError(f"Nugget {number} is not retired.")
    return before.with_states({number: replace(state, retired="")})


def merge(before: NuggetList, numbers: Sequence[int], text: str) -> NuggetList:
    """One nugget, at the place of the first, instead of these. It is vital if one of them was, has all their passages,
    and their sub-narrative if they share it."""
    chosen = list(dict.fromkeys(numbers))
    if len(chosen) < 2:
        raise DomainError("Choose two nuggets or more to merge.")
    states = [_live(before, number) for number in chosen]
    importances = {state.importance for state in states}
    shared = {state.sub_narrative for state in states}
    merged = NuggetState(
        worded(text),
        importance=next((one for one in IMPORTANCES if one in importances), ""),
        sub_narrative=shared.pop() if len(shared) == 1 else "",
        note="\n".join(dict.fromkeys(state.note for state in states if state.note)),
        origin="merged",
        parents=tuple(chosen),
        passages=tuple(dict.fromkeys(one for state in states for one in state.passages)),
    )
    gone = {number: replace(_live(before, number), retired=MERGED) for number in chosen}
    return before.with_states(gone).inserted(min(map(before.order.index, chosen)), [merged])


def split(before: NuggetList, number: int, texts: Iterable[str]) -> NuggetList:
    """Several nuggets, each with its importance, sub-narrative and passages, instead of this one."""
    state = _live(before, number)
    wordings = [worded(text) for text in texts]
    if len(wordings) < 2:
        raise DomainError("Write two nuggets or more, one a line, to split one.")
    parts = [replace(state, text=text, note="", origin="split", parents=(number,)) for text in wordings]
    gone = before.with_states({number: replace(state, retired=SPLIT)})
    return gone.inserted(before.order.index(number) + 1, parts)


def move(before: NuggetList, number: int, place: int) -> NuggetList:
    """To this place, from 0, among those that count; beyond the ends: to the end."""
    _live(before, number)
    others = _without(before.live, number)
    place = max(0, min(place, len(others)))
    if place == place_of(before, number):
        return before
    return _moved_back(before, number, others[place] if place < len(others) else None)


def worded(text: str) -> str:
    """The text on one line. Raises DomainError for an empty or an endless one."""
    text = " ".join(text.split())
    if not text:
        raise DomainError("A nugget says something: write its text.")
    if len(text) > LONGEST:
        raise DomainError(f"A nugget is one fact in a few words; this one has {len(text):,} characters.")
    return text


def changes(before: NuggetList, after: NuggetList) -> dict:
    """`{"nuggets": {number: {"before": state | None, "after": state}}}` of the nuggets that differ, and, where one that
    was there stands elsewhere, `"moved": {"number", "before", "after", "next"}`: its places among those that count, and
    the number of the one that it stood before."""
    different = [number for number in after.order if before.states.get(number) != after.states[number]]
    found: dict = {
        "nuggets": {
            str(number): {
                "before": before.states[number].as_dict() if number in before.states else None,
                "after": after.states[number].as_dict(),
            }
            for number in different
        }
    }
    moved = _moved(before, after)
    return found | ({"moved": moved} if moved else {})


def touched(stored: Mapping) -> dict[int, set[str]]:
    """The fields of each nugget that was there before an edit and that it changed."""
    found = {}
    for number, sides in stored["nuggets"].items():
        if sides["before"] is not None:
            found[int(number)] = {name for name in FIELDS if sides["before"][name] != sides["after"][name]}
    return found


def clash(mine: Mapping, theirs: Mapping) -> int | None:
    """The number of a nugget that two edits, made without knowing of each other, both changed in ways that do not go
    together: the same field, or one retired it. None where both can stand."""
    later = touched(theirs)
    for number, names in touched(mine).items():
        other = later.get(number, set())
        if names & other or (other and "retired" in names) or (names and "retired" in other):
            return number
    return None


def undone(now: NuggetList, stored: Mapping) -> NuggetList:
    """The list without that edit: its fields as they were before, its new nuggets retired, what it moved back.

    What later edits changed besides stays. Raises DomainError where one of them changed the same.
    """
    states = {}
    for key, sides in stored["nuggets"].items():
        number, after = int(key), NuggetState.from_dict(sides["after"])
        before = NuggetState.from_dict(sides["before"]) if sides["before"] else replace(after, retired=RETIRED)
        names = [name for name in FIELDS if getattr(before, name) != getattr(after, name)]
        there = now.states[number]
        if any(getattr(there, name) != getattr(after, name) for name in names):
            raise DomainError(f"Nugget {number} has been changed again since: undo that first.")
        states[number] = replace(there, **{name: getattr(before, name) for name in names})
    result = now.with_states(states)
    moved = stored.get("moved")
    return _moved_back(result, moved["number"], moved["next"]) if moved else result


def _moved(before: NuggetList, after: NuggetList) -> dict | None:
    old = before.order
    new = tuple(number for number in after.order if number in before.states)
    if old == new:
        return None
    for number in old:  # whoever moved is the one without whom both are the same
        if _without(old, number) == _without(new, number):
            place = old.index(number) + 1
            behind = old[place] if place < len(old) else None
            return {
                "number": number,
                "before": place_of(before, number),
                "after": place_of(after, number),
                "next": behind,
            }
    raise ValueError("An edit moves one nugget at most.")


def place_of(one: NuggetList, number: int) -> int:
    """How many that count stand before it."""
    return sum(not one.states[other].retired for other in one.order[: one.order.index(number)])


def _moved_back(now: NuggetList, number: int, behind: int | None) -> NuggetList:
    """Before the one that it stood before, or at the end."""
    order = list(_without(now.order, number))
    order.insert(order.index(behind) if behind is not None else len(order), number)
    return replace(now, order=tuple(order))


def _without(order: tuple[int, ...], number: int) -> tuple[int, ...]:
    return tuple(one for one in order if one != number)


def _set(before: NuggetList, number: int, **values) -> NuggetList:
    return before.with_states({number: replace(_live(before, number), **values)})


def _known(before: NuggetList, number: int) -> NuggetState:
    if number not in before.states:
        raise DomainError(f"There is no nugget {number} in this list.")
    return before.states[number]


def _live(before: NuggetList, number: int) -> NuggetState:
    state = _known(before, number)
    if state.retired:
        raise NuggetGone(number, state.retired)
    return state


def _check_importance(importance: str) -> None:
    if importance not in IMPORTANCES:
        raise DomainError("A nugget is vital or okay, or its importance is not yet said.")
