"""How far a judge can be trusted: the figures, the page, the command."""

import json

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Ensemble, Judgment, Pool, PoolItem
from assessment.selectors.agreements import pair_agreement
from assessment.selectors.judged_pairs import judged_pairs
from llm_worker.models import JudgeExamples, LlmCall
from llm_worker.selectors.calibration import calibration_of
from llm_worker.selectors.judge_calls import judge_lines, orders_found, outcomes
from llm_worker.services.jobs import job_create
from tests.llm_worker.conftest import scripted_judge, work_off

# What the judge says of the six passages, and what nist says: probabilities of grades 0 to 3.
SAID = [
    ((0.7, 0.1, 0.1, 0.1), 0),
    ((0.1, 0.6, 0.2, 0.1), 1),
    ((0.1, 0.1, 0.2, 0.6), 2),
    ((0.0, 0.0, 0.1, 0.9), 3),
    ((0.4, 0.3, 0.2, 0.1), 2),
    ((0.25, 0.25, 0.25, 0.25), 0),
]


def label(assessor, item, grade, **more):
    kept = {"grade": grade} | more
    return Judgment.objects.update_or_create(
        assessor=assessor, topic=item.topic, document=item.document, defaults=kept
    )[0]


def say(assessor, item, shares):
    grade = int(np.argmax(shares))
    distribution = {str(value): share for value, share in enumerate(shares)}
    return label(assessor, item, grade, confidence=shares[grade], distribution=distribution)


@pytest.fixture
def llm(track):
    return Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="sure")


@pytest.fixture
def nist(track):
    return Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")


@pytest.fixture
def items(pool):
    return list(pool.items.order_by("topic__position", "position"))


@pytest.fixture
def judged(llm, nist, items):
    """Both have graded all six passages."""
    for item, (shares, grade) in zip(items, SAID, strict=True):
        say(llm, item, shares)
        label(nist, item, grade)
    return llm


@pytest.fixture
def show(client):
    def show(user, assessor, **query):
        client.force_login(user)
        return client.get(reverse("calibration", args=[assessor.track.slug, assessor.pk]), query)

    return show


def test_the_pairs_come_with_their_probabilities(judged, nist, items):
    found = judged_pairs(judged, nist, range(4))
    order = np.argsort(found.documents)
    assert found.documents[order].tolist() == [item.document_id for item in items]
    assert found.given[order].tolist() == [grade for _, grade in SAID]
    assert found.distributions[order].tolist() == [list(shares) for shares, _ in SAID]
    assert found.confidence[order].tolist() == [max(shares) for shares, _ in SAID]
    assert not found.seen.any()


def test_a_grade_that_a_distribution_leaves_out_has_no_probability(llm, nist, items):
    label(llm, items[0], 1, confidence=0.8, distribution={"1": 0.8, "2": 0.2})
    label(llm, items[1], 2)
    for item in items[:2]:
        label(nist, item, 1)
    found = judged_pairs(llm, nist, range(4))
    order = np.argsort(found.documents)
    assert found.distributions[order][0].tolist() == [0, 0.8, 0.2, 0]
    assert np.isnan(found.distributions[order][1]).all() and np.isnan(found.confidence[order][1])


def test_the_figures_by_hand(judged, nist):
    found = calibration_of(judged)
    figures = found.figures
    assert found.against.a == nist and (figures.n, figures.n_distributions) == (6, 6)
    # Right at 0.7, 0.6, 0.9 and 0.25, wrong at 0.6 and 0.4.
    assert figures.same["width"].brier == pytest.approx((0.3**2 + 0.4**2 + 0.6**2 + 0.1**2 + 0.4**2 + 0.75**2) / 6)
    bins = {round(one.low, 1): (one.n, one.accuracy) for one in figures.same["width"].bins}
    assert bins == {0.2: (1, 1), 0.4: (1, 0), 0.6: (2, 0.5), 0.7: (1, 1), 0.9: (1, 1)}
    assert figures.relevant["width"].n == 6 and figures.expected.relevant == 4
    expected = [0.6, 1.3, 2.3, 2.9, 1.0, 1.5]
    given = [grade for _, grade in SAID]
    assert figures.expected.signed == pytest.approx(np.subtract(expected, given).mean())
    # 0.6 and 1.5 are irrelevant: the relevant 1.3, 2.3, 2.9, 1.0 are above them in 4 + 2 of 8 comparisons.
    assert figures.expected.auc == pytest.approx(6 / 8)
    assert figures.risks["confidence"].overall == pytest.approx(2 / 6)
    assert figures.risks["confidence"].covered.tolist() == [1, 2, 4, 5, 6]
    assert figures.risks["confidence"].risk.tolist() == pytest.approx([0, 0, 1 / 4, 2 / 5, 2 / 6])


def test_agreement_is_the_one_of_the_agreement_page(judged, nist):
    (pair,) = calibration_of(judged).agreements
    assert pair.as_dict() == pair_agreement(nist, judged).as_dict()


def test_unsaid_the_other_is_whoever_shares_most_pairs(judged, nist, items, track):
    gold = Assessor.objects.create(track=track, kind=Assessor.Kind.ADJUDICATED, name="gold")
    label(gold, items[0], 3)
    assert [pair.a for pair in calibration_of(judged).agreements] == [nist, gold]
    assert calibration_of(judged).against.a == nist
    assert calibration_of(judged, "gold").against.a == gold
    for item in items[1:]:
        label(gold, item, 3)
    assert calibration_of(judged).against.a == gold  # of equals an adjudication comes before a file


def test_labels_without_probabilities_have_agreement_and_no_reliability(llm, nist, items):
    for item in items:
        label(llm, item, 1)
        label(nist, item, 1)
    figures = calibration_of(llm).figures
    assert (figures.n, figures.n_distributions, figures.brier) == (0, 0, None)
    assert figures.risks["entropy"].aurc is None


def test_a_label_that_the_other_had_in_sight_is_told(judged, nist, alice, show):
    Judgment.objects.filter(assessor=nist)[:1].get()
    seen = Judgment.objects.filter(assessor=nist).first()
    seen.suggestion_grade, seen.suggestion_by = 1, judged
    seen.save()
    assert calibration_of(judged).notes.seen == 1
    assert "had this judge’s label in sight on 1 of these 6" in show(alice, judged).content.decode()


def test_pairs_that_were_routed_for_being_unsure_are_told(judged, items, track, alice, show):
    rule = {"rule": "confidence", "below": 0.5}
    routed = Pool.objects.create(
        track=track, name="routed", depth=1, routed_from=items[0].pool, routed_by=judged, routing=rule
    )
    for place, because in ((4, "unsure"), (5, "audit")):
        PoolItem.objects.create(
            pool=routed, topic=items[place].topic, document=items[place].document, position=place, best_rank=1, lot=1,
            run_ids=[], ranks=[], routed_because=because, selection_probability=1.0,
        )  # fmt: skip
    assert calibration_of(judged).notes.unsure == 1
    assert (
        "1 of these passages were sent to people because this judge was unsure" in show(alice, judged).content.decode()
    )


def test_a_judge_that_learnt_from_the_other_says_so(pool, nist, items, alice, show):
    judge = scripted_judge(answer="##final score: 2", name="taught")
    work_off(job_create(pool=pool, judge=judge))
    for item in items:
        label(nist, item, 2)
    assessor = judge.assessors.get()
    assert calibration_of(assessor).notes.teaches == []
    JudgeExamples.objects.create(judge=judge, track=nist.track, drawn_from=nist, drawn=[])
    assert calibration_of(assessor).notes.teaches == ["taught"]
    assert "has learnt from whom it is measured against" in show(alice, assessor).content.decode()


@pytest.fixture
def asked(pool, judge, engine, nist, items):
    """A judge of which one call failed; nist has graded all passages 2, as the judge does the rest."""
    engine.enqueue("no grade here")
    work_off(job_create(pool=pool, judge=judge))
    for item in items:
        label(nist, item, 2)
    return judge


def test_failures_stand_beside_successes(asked, track):
    ok, failed = outcomes(asked, track)
    assert (ok.status, ok.n, len(ok.calls), ok.failed) == ("ok", 5, 3, False)
    assert (failed.status, failed.n, failed.failed) == ("unparsed", 1, True)
    assert failed.calls[0].raw_reply == "no grade here"


def test_a_line_for_every_judge_with_what_it_cost(asked, track, judged):
    found = calibration_of(asked.assessors.get())
    lines = {line.assessor.name: line for line in judge_lines(track, found)}
    line = lines[asked.name]
    assert (line.labels, line.calls, line.failed, line.current) == (5, 6, 1, True)
    assert (line.figures.n, line.figures.exact) == (5, 2 / 5)  # 2 is what nist says of two of the five
    counted = LlmCall.objects.exclude(tokens_in=None)
    total = sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in counted)
    assert line.tokens == (total / counted.count() if total else None)
    assert (lines["sure"].configuration, lines["sure"].made_of, lines["sure"].failed) == (None, "", 0)


def test_a_pair_that_was_judged_after_its_failure_has_not_failed(asked, track, pool):
    work_off(job_create(pool=pool, judge=asked))
    found = calibration_of(asked.assessors.get())
    (line,) = (line for line in judge_lines(track, found) if line.configuration == asked)
    assert (line.labels, line.calls, line.failed) == (6, 7, 0)


def test_calls_of_a_trial_count_nowhere(asked, track):
    LlmCall.objects.update(trial=True)
    found = calibration_of(asked.assessors.get())
    assert outcomes(asked, track) == []
    assert {line.calls for line in judge_lines(track, found)} == {0}


def test_passages_that_gave_orders_are_compared_with_the_others(asked, track, items):
    flagged = LlmCall.objects.filter(status="ok").order_by("pk")[0]
    flagged.orders_found = ["asks for a grade"]
    flagged.save()
    Judgment.objects.filter(assessor__name="nist", document=flagged.document).update(grade=0)
    found = orders_found(asked, track, calibration_of(asked.assessors.get()))
    assert (found.n, found.kinds) == (1, [("asks for a grade", 1)])
    assert found.with_orders == (1, 0.0, 2.0)
    assert found.without == (4, 1.0, 0.0)
    assert found.calls == [flagged]


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("vera", 200), ("bob", 404), ("charlie", 404)])
def test_readers_read_the_page_and_nobody_else(judged, name, status, show, request):
    assert show(request.getfixturevalue(name), judged).status_code == status


def test_nobody_reads_it_without_a_login(judged, client):
    answer = client.get(reverse("calibration", args=["small", judged.pk]))
    assert answer.status_code == 302 and "/login/" in answer.url


def test_only_a_judge_has_such_a_page(judged, nist, alice, show):
    assert show(alice, nist).status_code == 404


def test_the_page_names_who_and_how_many_and_shows_the_reply(asked, alice, show, nist):
    Judgment.objects.filter(assessor=nist).update(grade=0)
    html = show(alice, asked.assessors.get()).content.decode()
    assert "On the <strong>5</strong> passages that both judge and nist graded" in html
    assert html.count("##final score: 2") >= 5
    assert "no grade here" in html
    assert "free text names one grade and nothing else" in html
    assert "with fewer than 20 the figures and charts of this page say little" in html


@pytest.mark.parametrize("query", [{}, {"bins": "mass", "by": "entropy"}, {"bins": "x", "by": "x", "page": "x"}])
def test_the_page_draws_its_charts_and_tables(judged, alice, show, query):
    answer = show(alice, judged, **query)
    html = answer.content.decode()
    assert html.count("data-chart=") == 4
    assert html.count('<th scope="col" class="num" title="') == 4  # a heading of the confusion table for each grade
    assert html.count('<details class="chart-table"') == 4
    for spec in answer.context["charts"].values():
        assert json.loads(spec)["layer"]


@pytest.mark.parametrize("table", ["grades", "same", "relevant", "risk"])
def test_every_chart_is_a_file_too(judged, alice, show, table):
    answer = show(alice, judged, csv=table)
    assert answer["Content-Type"].startswith("text/csv")
    assert len(answer.content.decode().splitlines()) > 3


def test_an_unknown_table_is_no_file(judged, alice, show):
    assert show(alice, judged, csv="nothing").status_code == 404


def test_an_unknown_name_is_told_and_another_shown(judged, alice, show):
    html = show(alice, judged, **{"with": "nobody"}).content.decode()
    assert "no passage in common with anybody called nobody" in html


def test_without_labels_and_without_people_the_page_says_what_to_do(llm, items, alice, vera, show):
    assert "No label yet" in show(alice, llm).content.decode()
    say(llm, items[0], SAID[0][0])
    html = show(alice, llm).content.decode()
    assert "Nobody has graded the same passages yet" in html and "Pools and duties" in html
    assert "Pools and duties" not in show(vera, llm).content.decode()


def test_an_ensemble_has_its_page(judged, track, items, alice, show):
    result = Assessor.objects.create(track=track, kind=Assessor.Kind.LLM, name="both")
    ensemble = Ensemble.objects.create(result=result, rule="median", quorum=1)
    ensemble.members.add(judged)
    for item in items:
        label(result, item, 1)
    html = show(alice, result).content.decode()
    assert "median of sure" in html and "An ensemble asks nobody itself" in html


def test_a_page_costs_few_queries_however_many_labels(
    judged, asked, track, alice, client, django_assert_max_num_queries
):
    client.force_login(alice)
    for assessor in (judged, asked.assessors.get()):
        with django_assert_max_num_queries(24):
            client.get(reverse("calibration", args=[track.slug, assessor.pk]))


def test_the_command_has_the_same_figures(judged, nist, capsys):
    call_command("calibration", "small", "--judge", "sure", "--with", "nist", "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert (report["judge"], report["with"], report["calibration"]["n"]) == ("sure", "nist", 6)
    assert report["agreements"][0]["kappa"] == pytest.approx(pair_agreement(nist, judged).figures.kappa)
    assert report["calibration"]["expected_grade"]["auc"] == pytest.approx(0.75)
    assert report["calibration"]["same_grade"]["width"]["n"] == 6


def test_the_command_says_what_is_wrong(judged, nist, llm):
    with pytest.raises(DomainError, match="no judge"):
        call_command("calibration", "small", "--judge", "nist")
    with pytest.raises(DomainError, match="a judge too"):
        call_command("calibration", "small", "--judge", "sure", "--with", "sure")
    Judgment.objects.filter(assessor=nist).delete()
    with pytest.raises(DomainError, match="no pair in common"):
        call_command("calibration", "small", "--judge", "sure", "--with", "nist")


def test_the_command_without_anybody_to_compare_with_has_nulls(llm, capsys):
    call_command("calibration", "small", "--judge", "sure")
    report = json.loads(capsys.readouterr().out)
    assert (report["with"], report["calibration"], report["agreements"]) == (None, None, [])
