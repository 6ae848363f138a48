"""What a job may use, what it has used, and how many more calls fit.

**What is guaranteed.** A call is begun only while everything used so far, everything that calls under way may still
use, and the most that this call may use stay within the limits of tokens and money together. "The most" is a bound from
what is known before the reply: the largest prompt seen in the job, the passage's own length, and the longest reply that
the decoding allows. Until a first reply has shown how long the prompt is, one call is asked at a time. So a limit is
passed only by as much as a call is larger than its bound. Time and failures cannot be known before: at these limits
nothing more is begun, and what is under way is still stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from assessment.domain.errors import DomainError

# No tokenizer makes more than one token of two bytes of ordinary text, nor more than four of an ordinary word.
BYTES_A_TOKEN = 2
TOKENS_A_WORD = 4


@dataclass(frozen=True)
class Limits:
    """The most that a job may use; None: no limit. Tokens are those read and written, seconds those of running."""

    max_tokens: int | None = None
    max_cost: Decimal | None = None
    max_seconds: int | None = None
    max_failures: int | None = None

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value <= 0:
                raise DomainError(f"A limit of {field.name.removeprefix('max_')} must be more than nothing.")


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Prices:
    """Of a million tokens; `cached` is of those read from a cache, as `read` where the judge has no price for them."""

    read: Decimal | None = None
    cached: Decimal | None = None
    written: Decimal | None = None
    currency: str = "USD"

    @property
    def known(self) -> bool:
        return self.read is not None and self.written is not None

    def cost(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> Decimal | None:
        """None where the judge has no prices. `tokens_cached` is part of `tokens_in`."""
        if not self.known:
            return None
        cached = self.read if self.cached is None else self.cached
        total = (tokens_in - tokens_cached) * self.read + tokens_cached * cached + tokens_out * self.written
        return total / 1_000_000


@dataclass(frozen=True)
class Size:
    """The tokens that a call, or several, may use: read and written."""

    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)


@dataclass(frozen=True)
class Used:
    """What a job has used up to now."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    seconds: float = 0.0
    failures: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


def passage_bound(length: int, max_words: int | None, max_tokens: int | None) -> int:
    """The most tokens of a passage of `length` bytes, given how the judge cuts it."""
    bounds = [-(-length // BYTES_A_TOKEN)]
    if max_words is not None:
        bounds.append(max_words * TOKENS_A_WORD)
    if max_tokens is not None:
        bounds.append(max_tokens)
    return min(bounds)


def how_many_fit(limits: Limits, prices: Prices, used: Used, reserved: Size, sizes: Sequence[Size]) -> int:
    """How many of the next calls, whose largest `sizes` are given in order, may be begun now."""
    planned = reserved
    for count, size in enumerate(sizes):
        planned += size
        if refusal(limits, prices, used, planned):
            return count
    return len(sizes)


def refusal(limits: Limits, prices: Prices, used: Used, planned: Size = Size()) -> str:
    """Why `planned` must not be begun: a sentence that names the limit and the figure, empty where it may be."""
    return (
        _failures_refusal(limits, used)
        or _seconds_refusal(limits, used)
        or _tokens_refusal(limits, used, planned)
        or _cost_refusal(limits, prices, used, planned)
    )


def _failures_refusal(limits: Limits, used: Used) -> str:
    if limits.max_failures is None or used.failures < limits.max_failures:
        return ""
    return f"The limit of {limits.max_failures:,} failed calls is reached: {used.failures:,} have failed."


def _seconds_refusal(limits: Limits, used: Used) -> str:
    if limits.max_seconds is None or used.seconds < limits.max_seconds:
        return ""
    return f"The limit of {in_minutes(limits.max_seconds)} is reached: it has run for {in_minutes(used.seconds)}."


def _tokens_refusal(limits: Limits, used: Used, planned: Size) -> str:
    more = planned.tokens_in + planned.tokens_out
    if limits.max_tokens is None or used.tokens + more <= limits.max_tokens and used.tokens < limits.max_tokens:
        return ""
    said = f"The limit of {limits.max_tokens:,} tokens is reached: {used.tokens:,} are used"
    return f"{said}, and going on may need {more:,}." if used.tokens < limits.max_tokens else f"{said}."


def _cost_refusal(limits: Limits, prices: Prices, used: Used, planned: Size) -> str:
    if limits.max_cost is None:
        return ""
    if not prices.known:
        return "The judge has no prices any more, so the limit of its cost cannot be watched."
    cost = prices.cost(used.tokens_in, used.tokens_out, used.tokens_cached)
    more = prices.cost(planned.tokens_in, planned.tokens_out)
    if cost + more <= limits.max_cost and cost < limits.max_cost:
        return ""
    unit = prices.currency
    said = f"The limit of {in_money(limits.max_cost, unit)} is reached: {in_money(cost, unit)} are spent"
    return f"{said}, and going on may cost {in_money(more, unit)}." if cost < limits.max_cost else f"{said}."


@dataclass(frozen=True)
class Meter:
    """How much of one limit is used: `share` of 1, and the two figures in words."""

    name: str
    share: float
    used: str
    limit: str


def meters(limits: Limits, prices: Prices, used: Used) -> list[Meter]:
    """One for each limit that there is."""
    found = []
    if limits.max_tokens is not None:
        found.append(Meter("Tokens", used.tokens / limits.max_tokens, f"{used.tokens:,}", f"{limits.max_tokens:,}"))
    if limits.max_cost is not None and prices.known:
        cost = prices.cost(used.tokens_in, used.tokens_out, used.tokens_cached)
        spent, most = in_money(cost, prices.currency), in_money(limits.max_cost, prices.currency)
        found.append(Meter("Cost", float(cost / limits.max_cost), spent, most))
    if limits.max_seconds is not None:
        share = used.seconds / limits.max_seconds
        found.append(Meter("Time", share, in_minutes(used.seconds), in_minutes(limits.max_seconds)))
    if limits.max_failures is not None:
        share = used.failures / limits.max_failures
        found.append(Meter("Failures", share, f"{used.failures:,}", f"{limits.max_failures:,}"))
    return found


def in_minutes(seconds: float) -> str:
    """A span as people say it: seconds below two minutes, else minutes."""
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:,.1f} minutes"


def in_money(amount: Decimal, currency: str) -> str:
    """An amount to the cent, or to four significant digits where it is less than one unit."""
    shown = f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{Decimal(f'{float(amount):.4g}'):f}"
    return f"{shown} {currency}"
