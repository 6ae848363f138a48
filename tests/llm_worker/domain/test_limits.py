"""Limits: what fits, what is refused, and the sentence that says so."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import DomainError
from llm_worker.domain.limits import (
    NO_LIMITS,
    Limits,
    Prices,
    Size,
    Used,
    how_many_fit,
    in_minutes,
    in_money,
    meters,
    passage_bound,
    refusal,
)

PRICES = Prices(Decimal("2"), Decimal("0.5"), Decimal("8"), "EUR")


def test_cached_tokens_have_their_own_price():
    assert PRICES.cost(1_000_000, 500_000, 400_000) == Decimal("1.2") + Decimal("0.2") + Decimal("4")
    assert Prices(Decimal("2"), None, Decimal("8")).cost(1_000_000, 0, 400_000) == 2
    assert Prices().cost(10, 10) is None


@pytest.mark.parametrize(
    ("limits", "used", "planned", "words"),
    [
        (
            Limits(max_tokens=1000),
            Used(900, 50),
            Size(40, 20),
            "1,000 tokens is reached: 950 are used, and going on may need 60",
        ),
        (Limits(max_tokens=1000), Used(900, 150), Size(), "1,000 tokens is reached: 1,050 are used."),
        (Limits(max_cost=Decimal(2)), Used(10**6, 0), Size(0, 1), "2.00 EUR is reached: 2.00 EUR are spent."),
        (Limits(max_cost=Decimal(3)), Used(10**6, 0), Size(10**6, 0), "going on may cost 2.00 EUR"),
        (Limits(max_seconds=600), Used(seconds=600.0), Size(), "10.0 minutes is reached: it has run for 10.0 minutes"),
        (Limits(max_failures=5), Used(failures=6), Size(), "5 failed calls is reached: 6 have failed"),
    ],
)
def test_a_reached_limit_is_named_with_its_figure(limits, used, planned, words):
    assert words in refusal(limits, PRICES, used, planned)


def test_what_is_within_the_limits_is_not_refused():
    limits = Limits(1000, Decimal(1), 60, 3)
    assert refusal(limits, PRICES, Used(900, 50, 0, 59.9, 2), Size(40, 10)) == ""
    assert refusal(NO_LIMITS, Prices(), Used(10**9, 10**9, 0, 1e9, 10**9), Size(10**9, 10**9)) == ""


def test_a_cost_that_cannot_be_told_any_more_is_refused():
    assert "no prices any more" in refusal(Limits(max_cost=Decimal(1)), Prices(), Used())


@pytest.mark.parametrize("field", ["max_tokens", "max_cost", "max_seconds", "max_failures"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_of_nothing_is_refused(field, value):
    with pytest.raises(DomainError, match="must be more than nothing"):
        Limits(**{field: value})


sizes = st.builds(Size, st.integers(0, 500), st.integers(0, 100))


@given(st.integers(1, 5000), st.integers(0, 3000), sizes, st.lists(sizes, max_size=20))
def test_as_many_fit_as_stay_within_the_limit_and_not_one_more(limit, read, reserved, planned):
    limits, used = Limits(max_tokens=limit), Used(tokens_in=read)
    count = how_many_fit(limits, Prices(), used, reserved, planned)
    whole = sum(planned[:count], reserved)
    if count:
        assert read + whole.tokens_in + whole.tokens_out <= limit
    if count < len(planned):
        next_one = whole + planned[count]
        assert read + next_one.tokens_in + next_one.tokens_out > limit or read >= limit


@pytest.mark.parametrize(
    ("length", "words", "tokens", "bound"),
    [(101, None, None, 51), (10_000, 800, None, 3200), (10_000, 800, 512, 512), (0, 800, 512, 0)],
)
def test_a_passage_is_bounded_by_its_length_and_by_its_cut(length, words, tokens, bound):
    assert passage_bound(length, words, tokens) == bound


def test_each_limit_has_its_meter():
    found = meters(Limits(1000, Decimal(4), 120, 10), PRICES, Used(500_000, 0, 0, 30.0, 5))
    assert [(meter.name, meter.share, meter.used, meter.limit) for meter in found] == [
        ("Tokens", 500.0, "500,000", "1,000"),
        ("Cost", 0.25, "1.00 EUR", "4.00 EUR"),
        ("Time", 0.25, "30 seconds", "2.0 minutes"),
        ("Failures", 0.5, "5", "10"),
    ]
    assert meters(NO_LIMITS, PRICES, Used()) == []


def test_figures_are_told_as_people_say_them():
    assert (in_minutes(90), in_minutes(150)) == ("90 seconds", "2.5 minutes")
    assert (in_money(Decimal("1234.5"), "USD"), in_money(Decimal("0.000123456"), "USD")) == (
        "1,234.50 USD",
        "0.0001235 USD",
    )
