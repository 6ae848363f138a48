import io
from collections import Counter

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError, FileError
from assessment.models import Assessor, Document, Duty, Judgment, PoolItem, Role, Topic
from assessment.selectors.plans import plan_file
from assessment.selectors.progress import work_of_user
from assessment.services.duties import duties_assign, duties_leave_to
from assessment.services.imports import plan_import
from assessment.services.people import member_remove, member_set
from assessment.services.plans import PlanSettings, plan_apply, plan_preview

from .conftest import person

HEADER = "pool,topic,assessor,condition,reveal,suggestion_source,order,sample_percent,vigilance,trusted\n"
OLD_HEADER = "pool,topic,assessor,condition,reveal,suggestion_source\n"


@pytest.fixture
def dora(track, alice):
    dora = person("dora")
    member_set(track=track, user=dora, role=Role.ASSESSOR, by=alice)
    return dora


@pytest.fixture
def wide_pool(track, pool, documents):
    """Twelve topics with two passages each: the pool's three and nine more."""
    more = Topic.objects.bulk_create(Topic(track=track, qid=f"r{n}", query="x", position=n) for n in range(4, 13))
    PoolItem.objects.bulk_create(
        PoolItem(pool=pool, topic=topic, document=document, position=n, best_rank=n, lot=n, run_ids=[1], ranks=[n])
        for topic in more
        for n, document in enumerate(documents[:2], 1)
    )
    return pool


def settings(*people, **more):
    return PlanSettings(people=people, weights=more.pop("weights", {"manual": 1}), **more)


def stored():
    return set(
        Duty.objects.values_list("topic__qid", "assessor__name", "condition", "reveal", "suggestion_source__name")
    )


def test_a_preview_says_who_gets_how_much_and_makes_nothing(wide_pool, bob, dora, judge):
    preview = plan_preview(
        pool=wide_pool,
        settings=settings(
            bob, dora, weights={"manual": 1, "post_edit": 1}, suggestion_source=judge, overlap_percent=50, seed=4
        ),
    )
    assert [(work.name, work.total.passages) for work in preview.works] == [("bob", 18), ("dora", 18)]
    assert preview.conditions == ["manual", "post_edit"]
    assert [share.passages for share in preview.total.shares] == [18, 18]
    assert (preview.total.seconds, preview.topics, preview.pairs, preview.left_out) == ((6, 12), 12, 24, 0)
    assert not Duty.objects.exists()


def test_what_was_shown_is_what_is_assigned(wide_pool, bob, dora, judge):
    wanted = settings(
        bob, dora, weights=dict.fromkeys(["manual", "filtered", "post_edit", "automatic"], 1),
        suggestion_source=judge, reveal="commit_then_reveal", overlap_percent=20, seed=2,
    )  # fmt: skip
    preview = plan_preview(pool=wide_pool, settings=wanted)
    assert plan_apply(pool=wide_pool, settings=wanted, shown=preview.digest) == len(preview.duties)
    assert stored() == {
        (duty.topic, duty.assessor or "lexical", duty.condition, duty.reveal, duty.suggestion_source)
        for duty in preview.duties
    }


def test_nobody_looks_at_automatic_topics_and_the_judge_is_named_for_them(wide_pool, bob, judge, track):
    weights = {"manual": 1, "automatic": 1}
    plan_apply(pool=wide_pool, settings=settings(bob, weights=weights, suggestion_source=judge))
    by_assessor = Counter(Duty.objects.values_list("assessor__name", "condition"))
    assert by_assessor == {("bob", "manual"): 6, ("lexical", "automatic"): 6}
    assert [len(work.duties) for work in work_of_user(bob)] == [6]


def test_filtered_work_is_counted_without_what_the_source_graded_0(pool, bob, nist, topics, documents):
    Judgment.objects.filter(assessor=nist, topic=topics[0], document=documents[0]).update(grade=0)
    preview = plan_preview(pool=pool, settings=settings(bob, weights={"filtered": 1}, suggestion_source=nist))
    assert preview.total.total.passages == 5
    # q1 has two grades of nist in the pool; q2 one that could not be judged, which is no grade
    assert (preview.pairs, preview.source_graded) == (6, 2)


def test_a_plan_that_is_not_the_one_shown_is_not_made(wide_pool, bob, dora):
    preview = plan_preview(pool=wide_pool, settings=settings(bob, dora, seed=1))
    with pytest.raises(DomainError, match="not the one that was shown"):
        plan_apply(pool=wide_pool, settings=settings(bob, dora, seed=2), shown=preview.digest)
    assert not Duty.objects.exists()


def test_topics_that_somebody_has_are_left_out_unless_asked_for(wide_pool, bob, dora, topics, assessor_bob):
    duties_assign(pool=wide_pool, assessor=assessor_bob, topics=topics, condition="manual")
    preview = plan_preview(pool=wide_pool, settings=settings(bob, dora))
    assert (preview.topics, preview.left_out, preview.total.already) == (9, 3, 3)
    assert plan_preview(pool=wide_pool, settings=settings(bob, dora, every_topic=True)).topics == 12
    plan_apply(pool=wide_pool, settings=settings(bob, dora))
    with pytest.raises(DomainError, match="has been given to somebody"):
        plan_preview(pool=wide_pool, settings=settings(bob))


def test_an_organizer_without_duties_so_far_is_made_an_assessor_by_assigning_only(pool, track, alice):
    plan_preview(pool=pool, settings=settings(alice))
    assert not Assessor.objects.filter(track=track, user=alice).exists()
    assert plan_apply(pool=pool, settings=settings(alice)) == 3
    assert {row[1] for row in stored()} == {"alice"}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"weights": {"filtered": 1}}, "Name whose suggestions the condition “filtered” uses"),
        ({"weights": {"automatic": 1}}, "Name whose suggestions the condition “automatic” uses"),
        ({"weights": {"post_edit": 1}, "reveal": "never", "source": "judge"}, "choose whether always"),
        ({"weights": {"filtered": 1}, "source": "bob"}, "own grades"),
        ({"weights": {"automatic": 1}, "source": "bob"}, "nobody looks, and bob is a person"),
        ({"weights": {"manual": 0}}, "needs a condition"),
        ({"overlap_percent": 10}, "at least two people"),
    ],
)
def test_what_cannot_be_assigned_is_refused_in_the_preview_and_when_it_is_made(
    pool, bob, judge, assessor_bob, more, sentence
):
    source = {"judge": judge, "bob": assessor_bob}.get(more.pop("source", None)) if "source" in more else None
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match=sentence):
            service(pool=pool, settings=settings(bob, suggestion_source=source, **more))
    assert not Duty.objects.exists()


def test_one_refused_duty_refuses_the_whole_plan(wide_pool, alice, bob, dora, judge, assessor_bob, topics, documents):
    """bob has begun q1 under manual: whatever the plan gives to dora is not made either."""
    duties_assign(pool=wide_pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    wanted = settings(
        bob, dora, weights={"filtered": 1}, suggestion_source=judge, overlap_percent=100, every_topic=True
    )
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match="bob has begun topic q1 under other terms"):
            service(pool=wide_pool, settings=wanted)
    assert not Duty.objects.filter(assessor__name="dora").exists()


def test_people_without_a_role_are_refused(pool, track, alice, bob):
    member_remove(track=track, user=bob, by=alice)
    for service in (plan_preview, plan_apply):
        with pytest.raises(DomainError, match="set the role first"):
            service(pool=pool, settings=settings(bob))


def test_topics_are_left_to_a_judge_once(pool, judge, topics, documents):
    assert duties_leave_to(pool=pool, source=judge, topics=topics[:2]) == 2
    assert duties_leave_to(pool=pool, source=judge, topics=topics) == 1


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


def test_a_plan_is_read_with_as_many_queries_for_much_as_for_little(
    wide_pool, track, bob, dora, judge, django_assert_max_num_queries
):
    lines = [f"pool-2,{qid},{name},manual,never," for qid in ("q1", "q2", *(f"r{n}" for n in range(4, 13)))
             for name in ("bob", "dora")]  # fmt: skip
    with django_assert_max_num_queries(30):
        load(track, *lines)
    assert Duty.objects.count() == 22


def test_plans_go_out_and_in_by_command(wide_pool, track, bob, assessor_bob, documents, tmp_path):
    out = io.StringIO()
    duties_assign(pool=wide_pool, assessor=assessor_bob, topics=list(track.topics.all()[:1]), condition="manual")
    call_command("export_plan", "small", "--pool", "pool-2", stdout=out)
    assert out.getvalue() == f"{HEADER}pool-2,q1,bob,manual,never,,,100,0,\n"
    path = tmp_path / "plan.csv"
    path.write_text(f"{out.getvalue()}pool-2,q2,bob,manual,never,,,100,0,\n")
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
