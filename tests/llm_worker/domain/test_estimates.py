"""Estimates as figures: rates from calls, costs from prices, words for people."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from llm_worker.domain.estimates import (
    Basis,
    Estimate,
    Figure,
    Finished,
    PerCall,
    cost,
    duration,
    in_words,
    measured_rate,
    rounded,
)
from llm_worker.domain.limits import Prices

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def finished(seconds, latency_s=1.0, job=1, worker="a"):
    return Finished(NOON + timedelta(seconds=seconds), round(latency_s * 1000), job, worker)


def per_call(read=400.0, written=2.0, basis=Basis.MEASURED, cached=None):
    return PerCall(Figure(read, basis, ""), Figure(written, Basis.MEASURED, ""), cached)


def test_one_worker_one_at_a_time_is_as_fast_as_its_replies_come():
    rate = measured_rate([finished(1), finished(2), finished(3), finished(5, latency_s=2)])
    assert rate.per_second == pytest.approx(4 / 5)  # one second before the first reply, four after it
    assert (rate.calls, rate.workers, rate.first, rate.last) == (4, 1, finished(1).at, finished(5).at)


def test_requests_under_way_together_count_by_when_their_replies_came_and_not_by_how_long_each_took():
    rate = measured_rate([finished(4, latency_s=4), finished(4, latency_s=4), finished(4.5, latency_s=4.5)])
    assert rate.per_second == pytest.approx(3 / 4.5)


def test_a_pause_is_no_work():
    with_pause = measured_rate([finished(1), finished(2), finished(3602)])
    assert with_pause.per_second == pytest.approx(3 / 3)


def test_workers_are_counted_within_a_job_as_a_worker_started_anew_has_another_name():
    calls = [finished(1, job=1, worker="a"), finished(2, job=2, worker="b"), finished(3, job=2, worker="c")]
    assert measured_rate(calls).workers == 2


def test_no_rate_is_measured_on_less_than_two_calls_or_on_no_time():
    assert measured_rate([]) is None
    assert measured_rate([finished(1)]) is None
    assert measured_rate([finished(1, latency_s=0), finished(1, latency_s=0)]) is None


def test_cost_is_by_the_million_and_takes_cached_tokens_at_their_price():
    prices = Prices(Decimal("2"), Decimal("0.5"), Decimal("10"), "EUR")
    figure = cost(prices, per_call(400, 2, cached=300), 1000)
    # (100 x 2 + 300 x 0.5 + 2 x 10) / 1 million, a thousand times
    assert figure.value == Decimal("0.37")
    assert figure.basis == Basis.MEASURED
    assert "0.5 EUR from the cache" in figure.source


def test_cost_is_no_surer_than_its_tokens():
    prices = Prices(Decimal("2"), None, Decimal("10"))
    assert cost(prices, per_call(basis=Basis.ESTIMATED), 10).basis == Basis.ESTIMATED


def test_without_prices_or_tokens_the_cost_is_not_known_rather_than_nothing():
    assert cost(Prices(), per_call(), 10).value is None
    assert "No prices are known" in cost(Prices(), per_call(), 10).source
    assert cost(Prices(Decimal(1), None, Decimal(1)), per_call(read=None), 10).value is None


def test_time_is_at_the_measured_rate_and_says_from_how_many_calls_when_and_by_how_many_workers():
    figure = duration(measured_rate([finished(1), finished(2), finished(3)]), 120)
    assert figure.value == pytest.approx(120)
    assert figure.source == "At 60 calls a minute, measured on 3 calls of this judge by one worker, 24 Nov 2026."


def test_time_that_was_never_measured_is_not_known():
    assert duration(None, 120) == Figure(None, Basis.UNKNOWN, "Not measured yet: a trial measures it.")


def test_an_estimate_leaves_out_what_costs_no_request_and_says_so():
    estimate = Estimate(
        "judge", 100, 20, 5, 75, 3, 2, per_call(), Figure(None, Basis.UNKNOWN, "why"), Figure(0.4, Basis.MEASURED, "m"),
        "USD",
    )  # fmt: skip
    assert (estimate.asked, estimate.tokens_in.value, estimate.tokens_out.value) == (70, 28_000, 140)
    lines = {line.label: line for line in estimate.lines()}
    assert lines["Pairs"].said == "70 to ask"
    assert lines["Pairs"].source == (
        "The pool has 100: 20 judged by it, 5 being asked, 2 taken over from trials, 3 without a text, which fail at "
        "once."
    )
    assert lines["Tokens read"].said == "28,000 (400 a call)"
    assert (lines["Cost"].said, lines["Cost"].source) == ("not known", "why")
    assert lines["Time"].said == "less than 1 s"
    assert estimate.as_dict()["tokens_in"] == {"value": 28_000, "basis": "measured", "source": ""}


@pytest.mark.parametrize(("value", "said"), [(0.4, 0), (999.6, 1000), (48_249, 48_200), (1_234_567, 1_230_000), (0, 0)])
def test_estimates_have_three_digits(value, said):
    assert rounded(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.2, "less than 1 s"), (89, "89 s"), (100, "2 min"), (7200, "2.0 h"), (4 * 86400, "4.0 days")],
)
def test_spans_have_one_unit(seconds, said):
    assert in_words(seconds) == said
