"""Plans as files: out, changed, and in again."""

import io
import re

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assessment.domain.errors import DomainError, FileError
from assessment.models import Document, Duty, Judgment, PoolItem, Topic
from assessment.selectors.plans import plan_file
from assessment.services.duties import duties_assign
from assessment.services.imports import plan_import
from assessment.services.plans import PlanSettings, plan_apply

HEADER = "pool,topic,assessor,condition,reveal,suggestion_source,order,sample_percent,vigilance,trusted,ranked_by\n"
OLD_HEADER = "pool,topic,assessor,condition,reveal,suggestion_source\n"


def settings(*people, **more):
    return PlanSettings(people=people, weights=more.pop("weights", {"manual": 1}), **more)


def stored():
    return set(
        Duty.objects.values_list("topic__qid", "assessor__name", "condition", "reveal", "suggestion_source__name")
    )


def load(track, *lines, header=OLD_HEADER, pool=None):
    text = header + "".join(f"{line}\n" for line in lines)
    return plan_import(track=track, source=io.BytesIO(text.encode()), name="plan.csv", pool=pool)


def test_a_plan_goes_out_and_comes_in_again_unchanged(wide_pool, track, bob, dora, judge):
    weights = dict.fromkeys(["manual", "filtered", "post_edit", "automatic"], 1)
    plan_apply(pool=wide_pool, settings=settings(bob, dora, weights=weights, suggestion_source=judge))
    text = "".join(plan_file(track))
    assert text.startswith(HEADER)
    assert text.count("\n") == 13
    same = plan_import(track=track, source=io.BytesIO(text.encode()), name="plan.csv")
    assert (same.status, same.summary) == ("unchanged", "Duties: 0 new, 0 changed, 12 unchanged.")
    Duty.objects.all().delete()
    again = plan_import(track=track, source=io.BytesIO(text.encode()), name="plan.csv")
    assert (again.status, again.summary) == ("stored", "Duties: 12 new, 0 changed, 0 unchanged.")
    assert "".join(plan_file(track)) == text


def test_a_plan_with_samples_orders_and_vigilance_comes_in_as_it_went_out(wide_pool, track, bob, dora, judge, trusted):
    weights = dict.fromkeys(["manual", "filtered", "post_edit", "automatic"], 1)
    plan_apply(
        pool=wide_pool,
        settings=settings(
            bob, dora, weights=weights, suggestion_source=judge, overlap_percent=30, overlap_of="pairs",
            order="best_rank", vigilance_percent=50, trusted=trusted,
        ),
    )  # fmt: skip
    text = "".join(plan_file(track))
    assert re.search("^pool-2,[qr][0-9]+,(bob|dora),post_edit,always,lexical,best_rank,100,50,expert,$", text, re.M)
    assert re.search("^pool-2,[qr][0-9]+,(bob|dora),manual,never,,best_rank,30,0,,$", text, re.M)
    assert re.search("^pool-2,[qr][0-9]+,lexical,automatic,never,lexical,,100,0,,$", text, re.M)
    same = plan_import(track=track, source=io.BytesIO(text.encode()), name="plan.csv")
    assert same.status == "unchanged"
    before = PoolItem.with_planted.filter(planted_for__isnull=False).count()
    Duty.objects.all().delete()
    plan_import(track=track, source=io.BytesIO(text.encode()), name="plan.csv")
    assert "".join(plan_file(track)) == text
    assert before == PoolItem.with_planted.filter(planted_for__isnull=False).count() > 0


def test_a_file_without_the_newer_columns_leaves_them_as_they_are(wide_pool, track, bob, judge, trusted, assessor_bob):
    duties_assign(
        pool=wide_pool, assessor=assessor_bob, condition="post_edit", reveal="always", suggestion_source=judge,
        order="docid", sample_percent=50, vigilance_percent=30, trusted=trusted,
    )  # fmt: skip
    result = load(
        track,
        "pool-2,q1,bob,post_edit,always,lexical",
        "pool-2,q2,bob,post_edit,commit_then_reveal,lexical",
        "pool-2,q3,bob,manual,never,",
    )
    assert result.summary == "Duties: 0 new, 2 changed, 1 unchanged."
    duties = {duty.topic.qid: duty for duty in Duty.objects.select_related("topic")}
    assert [(duties[q].order, duties[q].sample_percent) for q in ("q1", "q2", "q3")] == [("docid", 50)] * 3
    assert [(duties[q].vigilance_percent, duties[q].trusted) for q in ("q1", "q2", "q3")] == [
        (30, trusted), (30, trusted), (0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("bob,manual,never,,sideways,100,0,,", "There is no order “sideways”"),
        ("bob,manual,never,,,half,0,,", "sample_percent is 'half', not a whole number of per cent."),
        ("bob,manual,never,,,,0,,", "sample_percent is '', not a whole number"),
        ("bob,manual,never,,,0,0,,", "from 1 to 100 %"),
        ("bob,manual,never,,,100,10,nist,", "only post-edit shows suggestions"),
        ("bob,post_edit,always,lexical,,100,10,,", "Name the assessor whose grades"),
        ("bob,post_edit,always,lexical,,100,10,zoe,", "there is no assessor 'zoe' to trust"),
        ("bob,post_edit,always,lexical,,100,200,nist,", "from 0 to 100 %"),
        ("lexical,automatic,never,lexical,docid,100,0,,", "no order, sample or vigilance belongs there"),
    ],
)
def test_orders_samples_and_vigilance_that_cannot_be_are_named_with_their_line(
    pool, track, judge, nist, line, sentence
):
    with pytest.raises(FileError) as caught:
        load(track, f"pool-2,q1,{line}", header=HEADER)
    [problem] = caught.value.problems
    assert problem.line == 2
    assert sentence in problem.message
    assert not Duty.objects.exists()


def test_a_changed_plan_changes_what_it_names_and_nothing_else(pool, track, bob, judge, assessor_bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    result = load(
        track,
        "pool-2,q1,bob,post_edit,commit_then_reveal,lexical",
        "pool-2,q2,bob,manual,never,",
        "pool-2,q2,alice,manual,never,",
    )
    assert result.summary == "Duties: 1 new, 1 changed, 1 unchanged."
    assert stored() == {
        ("q1", "bob", "post_edit", "commit_then_reveal", "lexical"),
        ("q2", "bob", "manual", "never", None),
        ("q2", "alice", "manual", "never", None),
        ("q3", "bob", "manual", "never", None),
    }


def test_every_problem_is_listed_with_its_line_and_nothing_is_stored(
    pool, track, vera, judge, assessor_bob, topics, documents
):
    duties_assign(pool=pool, assessor=assessor_bob, topics=topics[:1], condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    Topic.objects.create(track=track, qid="q4", query="not in the pool", position=4)
    with pytest.raises(FileError) as caught:
        load(
            track,
            "pool-2,q2,bob,manual,never,",
            "pool-3,q2,bob,manual,never,",
            "pool-2,q9,bob,manual,never,",
            "pool-2,q4,bob,manual,never,",
            "pool-2,q3,zoe,manual,never,",
            "pool-2,q3,vera,manual,never,",
            "pool-2,q3,bob,blind,never,",
            "pool-2,q3,alice,manual,always,",
            "pool-2,q2,alice,post_edit,never,lexical",
            "pool-2,q1,alice,filtered,never,umbrela",
            "pool-2,q1,bob,filtered,never,lexical",
            "pool-2,q2,bob,manual,never,",
            "pool-2,q2,lexical,manual,never,",
            "pool-2,q3,lexical,automatic,never,",
            "pool-9,q9,zoe,manual,never,",
        )
    said = [(problem.line, problem.message) for problem in caught.value.problems]
    assert said == [
        (3, "there is no pool 'pool-3' in the track"),
        (4, "topic q9 is not in the track"),
        (5, "the pool pool-2 has nothing for topic q4"),
        (6, "there is no assessor 'zoe' in the track"),
        (7, "there is no assessor 'vera' in the track"),
        (8, "There is no condition “blind” with suggestions shown “never”."),
        (9, "The condition “manual” never shows a suggestion."),
        (10, "Post-edit shows the suggestion: choose whether always, or after the first grade."),
        (11, "there is no assessor 'umbrela' to take suggestions from"),
        (12, "bob has begun topic q1 under other terms, which must stay"),
        (13, "this topic and assessor are already on line 2"),
        (14, "lexical is not a person; duties are for people."),
        (15, "Under the condition “automatic” lexical is also the source of the suggestions."),
        (16, "there is no pool 'pool-9' in the track"),
        (16, "topic q9 is not in the track"),
        (16, "there is no assessor 'zoe' in the track"),
    ]
    assert Duty.objects.count() == 1


def test_on_a_pools_page_lines_of_other_pools_are_problems(pool, track, bob):
    other = track.pools.create(name="other", depth=1)
    with pytest.raises(FileError) as caught:
        load(track, "pool-2,q1,bob,manual,never,", pool=other)
    assert "a duty of the pool pool-2, not of other" in str(caught.value.problems[0])


def test_a_plan_is_read_with_as_many_queries_for_much_as_for_little(wide_pool, track, bob, dora, judge, trusted):
    qids = ["q1", "q2", *(f"r{number}" for number in range(4, 13))]
    lines = [
        f"pool-2,{qid},{name},{terms}"
        for name, terms in (
            ("bob", "manual,never,,docid,100,0,,"),
            ("dora", "post_edit,always,lexical,,100,50,expert,"),
            ("lexical", "automatic,never,lexical,,100,0,,"),
        )
        for qid in qids
    ]
    counts = []
    for some in (lines[::11], lines):
        with CaptureQueriesContext(connection) as queries:
            load(track, *some, header=HEADER)
        counts.append(len(queries))
        assert Duty.objects.count() == len(some)
        Duty.objects.all().delete()
    assert counts[0] == counts[1] <= 32


def test_plans_go_out_and_in_by_command(wide_pool, track, bob, assessor_bob, documents, tmp_path):
    out = io.StringIO()
    duties_assign(pool=wide_pool, assessor=assessor_bob, topics=list(track.topics.all()[:1]), condition="manual")
    call_command("export_plan", "small", "--pool", "pool-2", stdout=out)
    assert out.getvalue() == f"{HEADER}pool-2,q1,bob,manual,never,,,100,0,,\n"
    path = tmp_path / "plan.csv"
    path.write_text(f"{out.getvalue()}pool-2,q2,bob,manual,never,,,100,0,,\n")
    told = io.StringIO()
    call_command("import_plan", "small", str(path), stdout=told)
    assert told.getvalue() == "stored: Duties: 1 new, 0 changed, 1 unchanged.\n"
    with pytest.raises(DomainError, match="no pool 'x'; there are: pool-2"):
        call_command("export_plan", "small", "--pool", "x")
    path.write_text(f"{OLD_HEADER}pool-2,q9,bob,manual,never,\n")
    err = io.StringIO()
    with pytest.raises(DomainError):
        call_command("import_plan", "small", str(path), stderr=err)
    assert "line 2: topic q9 is not in the track" in err.getvalue()
    assert Document.objects.count() == len(documents)
