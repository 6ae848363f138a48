"""Duties whose order a judge makes: what comes first, what stays frozen, and that nobody who judges can tell."""

import csv
from functools import partial
from io import BytesIO, StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError, FileError
from assessment.models import Assessor, Condition, Document, Duty, DutyRank, Judgment, PoolItem
from assessment.selectors.duty_list import duty_list
from assessment.selectors.judging import duty_items, item_order, pool_column
from assessment.selectors.judgment_exports import judgment_records
from assessment.selectors.plans import plan_file
from assessment.selectors.serving import locked_pile
from assessment.services.duties import duties_assign
from assessment.services.imports import plan_import
from assessment.services.judgments import judgment_record
from assessment.services.leases import item_claim_next
from assessment.services.oversight import duty_reassign
from assessment.services.people import member_set
from assessment.services.plans import PlanSettings, plan_apply, plan_preview
from assessment.services.ranks import duty_ranks_freeze
from tests.assessment.test_judging_views import queries_of
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
SIZE = 24
RELEVANT = (5, 6, 11, 12, 17, 18)  # by place


@pytest.fixture
def pool():
    """A judge with signal: sure of what is relevant, and of nothing else; of the last four it has no label."""
    pool = make_pool(make_track(), size=SIZE)
    judge = make_judge(pool.track, "zephyr")
    for item in pool.items.filter(position__lte=SIZE - 4):
        if item.position in RELEVANT:
            suggest(judge, item, 3, confidence=0.9)
        else:
            suggest(judge, item, item.position % 2, confidence=0.4 + item.position / 100)
    return pool


@pytest.fixture
def zephyr(pool):
    return pool.track.assessors.get(name="zephyr")


@pytest.fixture
def bob(pool):
    return make_assessor(pool.track, make_user("bob"))


@pytest.fixture
def assign(pool, bob, zephyr):
    def assigned(order="likely", assessor=bob, **terms):
        terms = {"condition": "manual", "ranked_by": zephyr} | terms
        duties_assign(pool=pool, assessor=assessor, order=order, **terms)
        return Duty.objects.select_related("pool__track", "assessor__user").get(assessor=assessor)

    return assigned


def shown(duty):
    """The positions in the pool of the duty's passages, in its order."""
    return list(duty_items(duty).order_by(*item_order(duty)).values_list("position", flat=True))


def say(duty, item, grade=1):
    return judgment_record(duty=duty, item=item, actor=duty.assessor.user, idempotency_key=uuid4(), grade=grade)


def test_with_a_judge_of_signal_the_relevant_come_earlier_than_in_a_shuffle(assign, bob):
    ranked = shown(assign())
    assert set(ranked[: len(RELEVANT)]) == set(RELEVANT)
    shuffled = shown(assign(order="shuffle", ranked_by=None))
    assert sum(map(ranked.index, RELEVANT)) < sum(map(shuffled.index, RELEVANT))


def test_the_most_uncertain_come_first_and_the_unlabelled_last_by_lot(assign):
    order = shown(assign("uncertain"))
    uncertain = [place for place in range(1, SIZE - 3) if place not in RELEVANT]
    assert order[: len(uncertain)] == uncertain  # the confidence grows with the place
    assert set(order[len(uncertain) : -4]) == set(RELEVANT)
    assert order[-4:] == [21, 22, 23, 24]


def test_the_order_its_judge_and_the_scores_stay_on_record(assign, zephyr):
    duty = assign()
    assert (duty.order, duty.ranked_by) == ("likely", zephyr)
    rows = list(DutyRank.objects.order_by("rank").values_list("rank", "item__position", "score"))
    assert [rank for rank, *_ in rows] == [*range(1, SIZE + 1)]
    assert rows[0][2] == pytest.approx(3 * 0.9 + 0.1)  # 3 · 0.9 + (0 + 1 + 2) · 0.1/3
    assert [score for *_, score in rows[-4:]] == [None] * 4


def test_what_the_judge_says_later_moves_nothing(assign, zephyr, pool):
    duty = assign()
    before = shown(duty)
    for item in pool.items.filter(position__gt=SIZE - 4):
        suggest(zephyr, item, 3, confidence=0.99)
    assert shown(duty) == before
    assert assign() == duty and shown(duty) == before


def test_what_comes_into_the_pool_later_comes_last(assign, pool, zephyr):
    duty = assign()
    document = Document.objects.create(collection=pool.track.collection, docid="new", title="New", text="New.")
    item = PoolItem.objects.create(
        pool=pool, topic=duty.topic, document=document, position=99, best_rank=1, lot=0, run_ids=[1], ranks=[1]
    )
    suggest(zephyr, item, 3, confidence=0.99)
    assert shown(duty)[-1] == 99


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"order": "likely", "ranked_by": None}, "Name the judge whose labels make the order “most likely relevant"),
        ({"order": "shuffle"}, "zephyr orders nothing: choose the order"),
        ({"order": ""}, "zephyr orders nothing"),
        ({"order": "best"}, "no order “best”"),
    ],
)
def test_an_order_and_a_judge_that_do_not_go_together_are_refused(assign, terms, sentence):
    with pytest.raises(DomainError, match=sentence):
        assign(**terms)
    assert not Duty.objects.exists()


def test_only_a_judge_with_distributions_in_the_topic_can_order_it(assign, bob, zephyr, pool):
    with pytest.raises(DomainError, match="bob is not a judge of this track"):
        assign(ranked_by=bob)
    with pytest.raises(DomainError, match="idle cannot order topic q1: it has no distributions"):
        assign(ranked_by=make_judge(pool.track, "idle"))
    Judgment.objects.filter(assessor=zephyr).update(distribution=None)
    with pytest.raises(DomainError, match="zephyr cannot order topic q1"):
        assign()
    assert not Duty.objects.exists()


def test_of_a_begun_duty_the_order_may_change_and_what_is_judged_stays_in_front(assign, pool):
    duty = assign(order="docid", ranked_by=None)
    for place in (9, 2):
        say(duty, pool.items.get(position=place))
    changed = assign("likely")
    assert changed.pk == duty.pk
    order = shown(changed)
    assert order[:2] == [9, 2] and set(order[2:8]) == set(RELEVANT)
    back = assign(order="docid", ranked_by=None)
    assert not DutyRank.objects.exists() and back.ranked_by is None


def test_every_condition_can_be_ranked_and_leaves_out_what_it_leaves_out(assign, zephyr, pool):
    zeros = set(Judgment.objects.filter(assessor=zephyr, grade=0).values_list("document", flat=True))
    kept = [item.position for item in pool.items.all() if item.document_id not in zeros]
    for condition, reveal in (("filtered", "never"), ("post_edit", "always")):
        duty = assign(condition=condition, reveal=reveal, suggestion_source=zephyr)
        assert sorted(shown(duty)) == kept
        assert set(shown(duty)[: len(RELEVANT)]) == set(RELEVANT)


def test_a_shared_pool_is_handed_out_by_rank(assign, pool):
    pool.quota = 1
    pool.save()
    duty = assign()
    assert [pile.position for pile in locked_pile(duty).passages][:6] == shown(duty)[:6]
    handed = item_claim_next(duty=duty)
    assert [item.position for item in handed.items] == shown(duty)[:2]


def test_a_pool_by_move_to_front_is_listed_where_a_judge_orders(assign, pool):
    pool.order = "move_to_front"
    pool.save()
    duty = assign()
    assert [entry.number for entry in pool_column(duty)] == [*range(1, SIZE + 1)]


def test_the_list_of_a_ranked_duty_has_its_order(assign, zephyr):
    duty = assign(condition="post_edit", reveal="always", suggestion_source=zephyr)
    assert {row.suggestion.grade for row in duty_list(duty).rows[:6]} == {3}


def test_the_rest_of_a_topic_goes_on_in_the_judges_order(assign, pool, zephyr):
    duty = assign()
    first = pool.items.get(position=shown(duty)[0])
    say(duty, first)
    eve = make_assessor(pool.track, make_user("eve"))
    heir = duty_reassign(duty=duty, to=eve, by=make_user("alice"))
    assert (heir.order, heir.ranked_by_id) == ("likely", zephyr.pk)
    assert shown(heir) == shown(duty)[1:]


def test_a_duty_of_which_nothing_is_judged_keeps_its_ranks_in_other_hands(assign, pool):
    duty = assign()
    before = shown(duty)
    heir = duty_reassign(duty=duty, to=make_assessor(pool.track, make_user("eve")), by=make_user("alice"))
    assert heir.pk == duty.pk and shown(heir) == before


@pytest.fixture
def nist(pool):
    """Has graded thirty documents outside the pool 0."""
    nist = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="nist")
    topic = pool.items.first().topic
    for number in range(30):
        document = Document.objects.create(
            collection=pool.track.collection, docid=f"q1-d{number}x", title=f"Outside {number}", text="It is a passage."
        )
        Judgment.objects.create(assessor=nist, topic=topic, document=document, grade=0)
    return nist


def post_edit(assign, zephyr, nist, **more):
    terms = {"condition": "post_edit", "reveal": "always", "suggestion_source": zephyr}
    return assign(**terms | {"vigilance_percent": 50, "trusted": nist} | more)


def test_planted_passages_stand_among_the_real_ones_with_their_label(assign, zephyr, nist):
    duty = post_edit(assign, zephyr, nist)
    rows = list(duty_items(duty).order_by("rank").values_list("rank", "vigilance", "item__planted__grade", "item"))
    assert sum(planted for _, planted, *_ in rows) >= 5 and None not in {rank for rank, *_ in rows}
    scores = {}
    for rank in DutyRank.objects.select_related("item"):
        label = (
            rank.item.planted
            or Judgment.objects.filter(assessor=zephyr, document=rank.item.document_id)
            .values("grade", "distribution")
            .first()
        )
        if label:
            expected = sum(int(grade) * share for grade, share in label["distribution"].items())
            assert rank.score == pytest.approx(expected)
            scores.setdefault(label["grade"], set()).add(rank.score)
    order = [entry.pk for entry in pool_column(duty)]
    assert order == [pk for *_, pk in rows]


def test_planted_passages_borrow_a_score_where_another_judge_orders(assign, zephyr, nist, pool):
    other = make_judge(pool.track, "other")
    for item in pool.items.all():
        suggest(other, item, 3 if item.position in RELEVANT else 1, confidence=0.5 + item.position / 100)
    duty = post_edit(assign, zephyr, nist, ranked_by=other)
    real = {}
    for rank in DutyRank.objects.filter(item__planted_for=None).select_related("item"):
        suggested = Judgment.objects.filter(assessor=zephyr, document=rank.item.document_id).first()
        if suggested:
            real.setdefault(suggested.grade, set()).add(rank.score)
    planted = DutyRank.objects.filter(duty=duty, item__planted_for=duty).select_related("item")
    assert planted
    for rank in planted:
        assert rank.score in real[rank.item.planted["grade"]]


def test_planted_again_they_are_ranked_again(assign, zephyr, nist):
    post_edit(assign, zephyr, nist)
    duty = post_edit(assign, zephyr, nist, vigilance_percent=20)
    assert None not in set(duty_items(duty).values_list("rank", flat=True))
    assert DutyRank.objects.filter(duty=duty).count() == SIZE + duty_items(duty).filter(vigilance=True).count()


@pytest.mark.parametrize("quota", [None, 1])
def test_a_save_takes_as_many_queries_ranked_as_shuffled(client, assign, pool, quota):
    pool.quota = quota
    pool.save()
    counts = []
    for order, judge in (("shuffle", None), ("likely", pool.track.assessors.get(name="zephyr"))):
        Judgment.objects.filter(assessor__name="bob").delete()
        Duty.objects.all().delete()
        duty = assign(order=order, ranked_by=judge)
        client.force_login(duty.assessor.user)
        item = item_claim_next(duty=duty).items[0].pk if quota else pool_column(duty)[0].pk
        address = reverse("judgment_save", args=[duty.pk, item])
        data = {"idempotency_key": uuid4(), "grade": 1, "want": pool_column(duty)[1].pk}
        counts.append(len(queries_of(partial(client.post, address, data, headers=JSON))))
    assert counts[0] == counts[1]


def test_many_duties_are_ranked_by_as_many_queries_as_few(pool, zephyr):
    people = [make_assessor(pool.track, make_user(f"person{number}")) for number in range(6)]
    duties = [
        Duty.objects.create(
            pool=pool,
            topic=pool.items.first().topic,
            assessor=each,
            condition="manual",
            order="likely",
            ranked_by=zephyr,
        )
        for each in people
    ]
    counts = [len(queries_of(lambda some=some: duty_ranks_freeze(duties=some))) for some in (duties[:1], duties)]
    assert counts[0] == counts[1] and DutyRank.objects.count() == 6 * SIZE


def test_plan_files_take_the_judge_out_and_in(assign, pool):
    assign()
    text = "".join(plan_file(pool.track))
    assert "pool-q1,q1,bob,manual,never,,likely,100,0,,zephyr\n" in text
    assert plan_import(track=pool.track, source=BytesIO(text.encode()), name="p.csv").status == "unchanged"
    changed = text.replace("likely", "uncertain")
    assert plan_import(track=pool.track, source=BytesIO(changed.encode()), name="p.csv").status == "replaced"
    assert shown(Duty.objects.select_related("pool").get())[0] == 1


def test_an_old_plan_file_leaves_the_judge_alone(assign, pool):
    assign()
    old = b"pool,topic,assessor,condition,reveal,suggestion_source\npool-q1,q1,bob,manual,never,\n"
    assert plan_import(track=pool.track, source=BytesIO(old), name="p.csv").status == "unchanged"
    older = b"pool,topic,assessor,condition,reveal,suggestion_source,order\npool-q1,q1,bob,manual,never,,docid\n"
    assert plan_import(track=pool.track, source=BytesIO(older), name="p.csv").status == "replaced"
    assert (Duty.objects.get().order, Duty.objects.get().ranked_by) == ("docid", None)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ("likely,100,0,,nobody", "there is no judge 'nobody' to order the passages"),
        ("likely,100,0,,", "Name the judge"),
        ("docid,100,0,,zephyr", "zephyr orders nothing"),
        ("likely,100,0,,idle", "idle has no distributions to order topic q1 by"),
    ],
)
def test_a_plan_file_with_a_wrong_judge_is_refused_line_by_line(pool, bob, zephyr, terms, sentence):
    make_judge(pool.track, "idle")
    header = "pool,topic,assessor,condition,reveal,suggestion_source,order,sample_percent,vigilance,trusted,ranked_by"
    text = f"{header}\npool-q1,q1,bob,manual,never,,{terms}\n"
    with pytest.raises(FileError) as caught:
        plan_import(track=pool.track, source=BytesIO(text.encode()), name="p.csv")
    (problem,) = caught.value.problems
    assert problem.line == 2 and sentence in problem.message
    assert not Duty.objects.exists()


def test_a_plan_is_drawn_with_a_judges_order_and_keeps_it(pool, bob, zephyr):
    asked = PlanSettings([bob.user], {"manual": 1}, order="likely", ranked_by=zephyr)
    assert plan_apply(pool=pool, settings=asked) == 1
    duty = Duty.objects.select_related("pool", "plan").get()
    assert set(shown(duty)[:6]) == set(RELEVANT)
    assert duty.plan.settings["ranked_by"] == "zephyr"
    idle = PlanSettings([bob.user], {"manual": 1}, order="likely", ranked_by=make_judge(pool.track, "idle"),
                        every_topic=True)  # fmt: skip
    with pytest.raises(DomainError, match="idle cannot order topic q1"):
        plan_preview(pool=pool, settings=idle)


def test_the_export_of_judgments_tells_the_order_and_its_judge(assign, pool, zephyr):
    duty = assign()
    say(duty, pool.items.get(position=1))
    records = {(record["assessor"], record["docid"]): record for record in judgment_records(pool.track)}
    assert [records["bob", "q1-d1"][name] for name in ("order", "ranked_by")] == ["likely", "zephyr"]
    assert [records["zephyr", "q1-d1"][name] for name in ("order", "ranked_by")] == [None, None]
    out = StringIO()
    call_command("export_judgments", "small", "--format", "csv", stdout=out)
    first = next(csv.reader(StringIO(out.getvalue())))
    assert first[-4:] == ["accepted", "history", "order", "ranked_by"]


def test_without_a_judges_order_the_export_tells_the_duties_or_the_pools(assign, pool):
    duty = assign(order="", ranked_by=None)
    say(duty, pool.items.get(position=1))
    (record,) = [record for record in judgment_records(pool.track) if record["assessor"] == "bob"]
    assert (record["order"], record["ranked_by"]) == ("shuffle", None)


@pytest.fixture
def as_alice(client, pool):
    alice = make_user("alice", is_staff=True)
    member_set(track=pool.track, user=alice, role="organizer", by=alice)
    client.force_login(alice)
    return client


def test_organizers_choose_order_and_judge_by_hand_and_see_it_on_the_board(as_alice, pool, bob, zephyr):
    data = {"person": bob.user_id, "condition": "manual", "reveal": "always", "order": "likely", "ranked_by": zephyr.pk}
    as_alice.post(reverse("duties_assign", args=["small", pool.pk]), data)
    duty = Duty.objects.get()
    assert (duty.order, duty.ranked_by, duty.condition) == ("likely", zephyr, Condition.MANUAL)
    assert (
        "most likely relevant first, by zephyr"
        in as_alice.get(reverse("board_duty", args=["small", duty.pk])).content.decode()
    )
    # Without scripts the judge is sent whatever the order is.
    as_alice.post(reverse("duties_assign", args=["small", pool.pk]), data | {"order": "docid"})
    assert Duty.objects.get().ranked_by is None
    page = as_alice.post(reverse("duties_assign", args=["small", pool.pk]), data | {"ranked_by": ""}).content.decode()
    assert "Name the judge whose labels make the order" in page


def test_a_pool_is_never_ranked(as_alice, pool):
    page = as_alice.get(reverse("pools", args=["small"])).content.decode()
    assert "most likely relevant first" not in page
