"""What a job will take, and how that is known: no figure stands without where it comes from."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from .limits import Prices, in_money

# Between two replies more than the time that the later one took, and this, is a pause and no work.
LONGEST_BREAK_S = 60.0


class Basis(StrEnum):
    """How a figure is known."""

    COUNTED = "counted"
    MEASURED = "measured"
    ESTIMATED = "estimated"
    AT_MOST = "at most"
    UNKNOWN = "not known"


class Figure(NamedTuple):
    """`value` is None where it is not known; `source` is a sentence that says where it comes from, or why it is not."""

    value: float | Decimal | None
    basis: Basis
    source: str

    def times(self, count: int) -> "Figure":
        """The same figure for so many."""
        return Figure(None if self.value is None else self.value * count, self.basis, self.source)

    def as_dict(self) -> dict:
        value = self.value
        return {
            "value": str(value) if isinstance(value, Decimal) else value,
            "basis": self.basis.value,
            "source": self.source,
        }


class Finished(NamedTuple):
    """One answered call: when its reply was stored, how long the reply took, which job's and which worker's it is."""

    at: datetime
    latency_ms: int
    job: int
    worker: str


class Rate(NamedTuple):
    """Calls a second while there was work, over `calls` replies between `first` and `last`, by at most so many
    workers of one job."""

    per_second: float
    calls: int
    workers: int
    first: datetime
    last: datetime


class PerCall(NamedTuple):
    """What one call takes: tokens read, those of them that come from a cache (None: nobody says), tokens written."""

    tokens_in: Figure
    tokens_out: Figure
    tokens_cached: float | None = None


def measured_rate(calls: Sequence[Finished]) -> Rate | None:
    """How fast these calls were answered; None for fewer than two, or where they took no time at all.

    The time is what lies between the replies, and before the first one what that took. A pause counts for no more than
    the reply after it took.
    """
    calls = sorted(calls, key=lambda call: call.at)
    if len(calls) < 2:
        return None
    seconds = calls[0].latency_ms / 1000
    for before, call in zip(calls, calls[1:], strict=False):
        latency, gap = call.latency_ms / 1000, (call.at - before.at).total_seconds()
        seconds += gap if gap <= latency + LONGEST_BREAK_S else latency
    workers = defaultdict(set)
    for call in calls:
        workers[call.job].add(call.worker)
    most = max(len(names) for names in workers.values())
    return Rate(len(calls) / seconds, len(calls), most, calls[0].at, calls[-1].at) if seconds else None


def cost(prices: Prices, one: PerCall, count: int) -> Figure:
    """What so many calls cost. As sure as the less sure one of the tokens read and written."""
    if not prices.known:
        return Figure(None, Basis.UNKNOWN, "No prices are known; staff give them on the judges’ page.")
    if one.tokens_in.value is None or one.tokens_out.value is None:
        return Figure(None, Basis.UNKNOWN, "Without the tokens nobody knows.")
    each = prices.cost(*(_exactly(value) for value in (one.tokens_in.value, one.tokens_out.value)), _cached(one))
    basis = max(one.tokens_in.basis, one.tokens_out.basis, key=list(Basis).index)
    said = f"At {_price(prices.read, prices)} a million tokens read"
    if one.tokens_cached and prices.cached is not None:
        said += f", {_price(prices.cached, prices)} from the cache,"
    return Figure(each * count, basis, f"{said} and {_price(prices.written, prices)} written.")


def _exactly(value: float | Decimal) -> Decimal:
    return Decimal(str(value))


def _cached(one: PerCall) -> Decimal:
    return _exactly(min(one.tokens_cached or 0, one.tokens_in.value))


def _price(amount: Decimal, prices: Prices) -> str:
    return in_money(amount, prices.currency)


def duration(rate: Rate | None, count: int) -> Figure:
    """Seconds for so many calls at the measured rate."""
    if rate is None:
        return Figure(None, Basis.UNKNOWN, "Not measured yet: a trial measures it.")
    days = f"{rate.first:%-d %b %Y}"
    if rate.last.date() != rate.first.date():
        days += f" to {rate.last:%-d %b %Y}"
    workers = "one worker" if rate.workers == 1 else f"up to {rate.workers} workers"
    pace = f"{rate.per_second * 60:,.3g} calls a minute" if rate.per_second < 16 else f"{rate.per_second:,.0f} a second"
    source = f"At {pace}, measured on {rate.calls:,} calls of this judge by {workers}, {days}."
    return Figure(count / rate.per_second, Basis.MEASURED, source)


class Line(NamedTuple):
    """One figure of an estimate in words."""

    label: str
    said: str
    basis: Basis
    source: str


def rounded(value: float) -> int:
    """To three significant digits: an estimate pretends to no more."""
    whole = round(value)
    return round(whole, 3 - len(str(abs(whole)))) if abs(whole) >= 1000 else whole


def in_words(seconds: float) -> str:
    """A span as people say it, in one unit."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 or not seconds else "less than 1 s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def _said(figure: Figure, words: Callable[[float | Decimal], str]) -> str:
    if figure.value is None:
        return Basis.UNKNOWN.value
    return f"{words(figure.value)}" if figure.basis != Basis.AT_MOST else f"at most {words(figure.value)}"


@dataclass(frozen=True)
class Estimate:
    """What asking a judge about a pool's pairs will take.

    `pairs` would be taken up, of them `without_text` fail at once (no text to send) and `from_trials` have a reply
    from a trial that is taken over, so `asked` go to the engine. The pool has `total`; of these the judge has `judged`
    some and is at `under_way`. A job about nuggets has calls instead of pairs, and `calls_in_words` says which. Tokens,
    cost and seconds are of all that is asked; `one` is what one call takes.
    """

    judge: str
    total: int
    judged: int
    under_way: int
    pairs: int
    without_text: int
    from_trials: int
    one: PerCall
    cost: Figure
    seconds: Figure
    currency: str
    calls_in_words: str = ""

    @property
    def asked(self) -> int:
        return self.pairs - self.without_text - self.from_trials

    @property
    def tokens_in(self) -> Figure:
        return self.one.tokens_in.times(self.asked)

    @property
    def tokens_out(self) -> Figure:
        return self.one.tokens_out.times(self.asked)

    def lines(self) -> list[Line]:
        """The estimate as people read it: pairs, tokens, cost and time, each with where it comes from."""
        return [
            self._calls_line(),
            self._tokens_line("Tokens read", self.one.tokens_in),
            self._tokens_line("Tokens written", self.one.tokens_out),
            Line("Cost", _said(self.cost, lambda value: in_money(Decimal(value), self.currency)), *self.cost[1:]),
            Line("Time", _said(self.seconds, in_words), *self.seconds[1:]),
        ]

    def _calls_line(self) -> Line:
        said = f"{self.asked:,} to ask"
        if self.calls_in_words:
            return Line("Calls", said, Basis.COUNTED, self.calls_in_words)
        return Line("Pairs", said, Basis.COUNTED, self._pairs_in_words())

    def _pairs_in_words(self) -> str:
        parts = [
            (self.judged, "judged by it"),
            (self.under_way, "being asked"),
            (self.from_trials, "taken over from trials"),
            (self.without_text, "without a text, which fail at once"),
        ]
        said = ", ".join(f"{count:,} {words}" for count, words in parts if count)
        return f"The pool has {self.total:,}{': ' + said if said else ''}."

    def _tokens_line(self, label: str, one: Figure) -> Line:
        total = one.times(self.asked)
        said = _said(total, lambda value: f"{rounded(value):,} ({rounded(one.value):,} a call)")
        return Line(label, said, *one[1:])

    def as_dict(self) -> dict:
        """All of it, ready for JSON."""
        counts = ("total", "judged", "under_way", "pairs", "without_text", "from_trials", "asked")
        figures = ("tokens_in", "tokens_out", "cost", "seconds")
        return (
            {"judge": self.judge}
            | {name: getattr(self, name) for name in counts}
            | {"tokens_in_per_call": self.one.tokens_in.as_dict(), "tokens_out_per_call": self.one.tokens_out.as_dict()}
            | {name: getattr(self, name).as_dict() for name in figures}
            | {"currency": self.currency, "lines": [line._asdict() for line in self.lines()]}
        )
