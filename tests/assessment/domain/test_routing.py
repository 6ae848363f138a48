"""The rule pair by pair, and its estimates by hand and by simulation."""

import random
from math import sqrt

import pytest

from assessment.domain.anchoring import wilson_interval
from assessment.domain.routing import (
    AUDIT,
    LEFT,
    UNJUDGED,
    UNSURE,
    AuditedPair,
    Label,
    Rule,
    decide,
    estimate,
    signal_of,
    workloads,
)

SURE = Label(2, 0.9, {"0": 0.05, "1": 0.05, "2": 0.9})
UNDECIDED = Label(1, 0.4, {"0": 0.3, "1": 0.4, "2": 0.3})
SILENT = Label(1, None, None)


def decided(label, rule, docid="d1"):
    return decide(label, rule, topic="q1", docid=docid)


@pytest.mark.parametrize(("signal", "threshold"), [("confidence", 0.6), ("margin", 0.5), ("entropy", 1.0)])
def test_what_the_judge_is_unsure_of_goes_to_people_by_every_signal(signal, threshold):
    rule = Rule(signal, threshold, audit_percent=0)
    assert decided(UNDECIDED, rule) == (UNSURE, 1.0)
    assert decided(SURE, rule).reason == LEFT
    assert decided(SILENT, rule) == (UNSURE, 1.0)
    assert decided(None, rule) == (UNJUDGED, 1.0)


def test_the_threshold_itself_is_sure_enough():
    assert decided(UNDECIDED, Rule("confidence", 0.4, 0)).reason == LEFT
    assert decided(UNDECIDED, Rule("confidence", 0.41, 0)).reason == UNSURE


def test_an_unknown_signal_is_an_error():
    with pytest.raises(ValueError, match="none of the signals"):
        signal_of(SURE, "mood")


def test_the_audit_takes_its_share_of_the_rest_by_seed_and_whatever_the_order():
    rule = Rule("confidence", 0.6, audit_percent=5, seed=3)
    docids = [f"d{n}" for n in range(20_000)]
    drawn = {docid for docid in docids if decided(SURE, rule, docid).reason == AUDIT}
    assert len(drawn) == pytest.approx(1_000, abs=4 * sqrt(20_000 * 0.05 * 0.95))
    assert drawn == {docid for docid in reversed(docids) if decided(SURE, rule, docid).reason == AUDIT}
    assert drawn != {docid for docid in docids if decided(SURE, rule._replace(seed=4), docid).reason == AUDIT}
    assert {decided(SURE, rule, docid).probability for docid in docids} == {0.05}


def test_an_audit_of_everything_and_of_nothing():
    everything = [decided(SURE, Rule("confidence", 0.6, 100), f"d{n}") for n in range(100)]
    assert set(everything) == {(AUDIT, 1.0)}
    nothing = [decided(SURE, Rule("confidence", 0.6, 0), f"d{n}") for n in range(100)]
    assert set(nothing) == {(LEFT, 0.0)}


def test_the_work_of_several_thresholds_worked_by_hand():
    labels = [SURE] * 6 + [UNDECIDED] * 3 + [None]
    told = workloads(labels, Rule("confidence", 0.6, 10), [0.2, 0.6, 0.95])
    assert [(one.threshold, one.sure) for one in told] == [(0.2, 1), (0.6, 4), (0.95, 10)]
    assert [one.expected for one in told] == pytest.approx([1.9, 4.6, 10])
    assert [one.share for one in told] == pytest.approx([0.19, 0.46, 1.0])


def test_an_estimate_worked_by_hand():
    pairs = [
        *[AuditedPair(UNSURE, 1.0, 2, (2,))] * 3,
        *[AuditedPair(UNSURE, 1.0, 2, (0,))] * 2,
        *[AuditedPair(AUDIT, 0.1, 0, (0,))] * 7,
        *[AuditedPair(AUDIT, 0.1, 3, (2,))] * 1,
    ]
    told = estimate(pairs, left=92)
    assert (told.drawn, told.n, told.k, told.graded) == (8, 8, 1, 105)
    assert told.share == 1 / 8 and told.interval == wilson_interval(1, 8)
    assert told.total == pytest.approx(2 + 1 / 0.1)
    assert told.standard_error == pytest.approx(sqrt(0.9 / 0.01))
    assert told.total_share == pytest.approx(12 / 105)
    assert told.is_rough
    # From grade 2 on, a 3 and a 2 are the same, a 2 and a 0 are not.
    relevant = estimate(pairs, left=92, relevant_from=2)
    assert (relevant.k, relevant.total, relevant.standard_error) == (0, 2.0, None)


def test_an_audit_of_everything_leaves_no_error():
    told = estimate([AuditedPair(AUDIT, 1.0, 1, (1,)), AuditedPair(UNSURE, 1.0, 1, (0,))], left=0)
    assert (told.total, told.standard_error) == (1.0, 0.0)


def test_what_is_not_judged_yet_is_taken_to_be_like_what_is():
    pairs = [
        AuditedPair(UNSURE, 1.0, 1, (0,)),
        AuditedPair(UNSURE, 1.0, 1, ()),
        AuditedPair(AUDIT, 0.5, 1, (0,)),
        AuditedPair(AUDIT, 0.5, 1, ()),
    ]
    told = estimate(pairs, left=2)
    assert told.total == pytest.approx(2 + 4)
    assert (told.drawn, told.n) == (2, 1)


def test_nothing_is_said_where_nothing_is_judged():
    open_audit = [AuditedPair(UNSURE, 1.0, 1, (0,)), AuditedPair(AUDIT, 0.5, 1, ())]
    told = estimate(open_audit, left=3)
    assert (told.share, told.interval, told.total, told.total_share) == (None, None, None, None)
    without_audit = estimate([AuditedPair(UNSURE, 1.0, 1, (0,))], left=3)
    assert without_audit.total is None


def test_several_people_count_as_their_lower_median():
    pairs = [AuditedPair(AUDIT, 1.0, 1, (1, 2)), AuditedPair(AUDIT, 1.0, 1, (0, 2, 2))]
    assert estimate(pairs, left=0).k == 1


def test_the_estimate_of_the_whole_is_unbiased_and_its_error_is_honest():
    chance = random.Random(11)
    population = []  # (unsure, judge, people): the judge is wrong more often where it is unsure
    for _ in range(2_000):
        unsure = chance.random() < 0.3
        wrong = chance.random() < (0.4 if unsure else 0.08)
        population.append((unsure, 1, 0 if wrong else 1))
    truth = sum(judge != people for _, judge, people in population)
    totals, errors, plain = [], [], []
    for _ in range(400):
        pairs, left = [], 0
        for unsure, judge, people in population:
            if unsure:
                pairs.append(AuditedPair(UNSURE, 1.0, judge, (people,)))
            elif chance.random() < 0.1:
                pairs.append(AuditedPair(AUDIT, 0.1, judge, (people,)))
            else:
                left += 1
        told = estimate(pairs, left)
        totals.append(told.total)
        errors.append(told.standard_error)
        plain.append(sum(pair.judge != pair.people[0] for pair in pairs) / len(pairs))
    mean = sum(totals) / len(totals)
    spread = sqrt(sum((total - mean) ** 2 for total in totals) / (len(totals) - 1))
    assert mean == pytest.approx(truth, abs=4 * spread / sqrt(len(totals)))
    assert sum(errors) / len(errors) == pytest.approx(spread, rel=0.1)
    # The plain share among what people saw would be twice the truth: they saw mostly what the judge was unsure of.
    assert sum(plain) / len(plain) > 1.5 * truth / len(population)
