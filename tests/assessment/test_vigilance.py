"""Planted passages: drawn from what somebody trusted has graded, hidden among the real ones, gone with their duty."""

import re
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import POOL_ORDERS, Assessor, Document, Duty, DutyItem, Judgment, Pool, PoolItem
from assessment.selectors.judging import judging_item, pool_column
from assessment.selectors.plans import plan_file
from assessment.services.duties import duties_assign, duties_withdraw
from assessment.services.judgments import judgment_record
from assessment.services.vigilance import vigilance_draw, vigilance_plant
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user, suggest


@pytest.fixture
def pool(db):
    """Forty passages, half of them with labels 1 to 3, a quarter graded 0, a quarter without a label."""
    pool = make_pool(make_track(), size=40)
    judge = make_judge(pool.track)
    for place, item in enumerate(pool.items.all()):
        if place % 4 != 3:
            suggest(judge, item, place % 4 and 1 + place % 3, confidence=0.5 + place / 100)
    return pool


@pytest.fixture
def judge(pool):
    return Assessor.objects.get(name="lexical")


@pytest.fixture
def topic(pool):
    return pool.items.first().topic


@pytest.fixture
def outside(pool):
    """Thirty documents that are not in the pool; the last two have no text."""
    return Document.objects.bulk_create(
        Document(
            collection=pool.track.collection,
            docid=f"q1-d{number}x",
            title=f"Passage {number} outside",
            text=f"This is passage number {number}. The sky scatters light."
            if number < 28
            else ("", None)[number - 28],
        )
        for number in range(30)
    )


@pytest.fixture
def nist(pool, topic, outside):
    """Has graded what is outside, 0 to 3 by turns, and some of the pool."""
    nist = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="nist")
    inside = [item.document for item in pool.items.select_related("document")[:5]]
    Judgment.objects.bulk_create(
        Judgment(assessor=nist, topic=topic, document=document, grade=place % 4)
        for place, document in enumerate([*outside, *inside])
    )
    return nist


@pytest.fixture
def bob(pool):
    return make_assessor(pool.track, make_user("bob"))


@pytest.fixture
def terms(judge, nist):
    return {
        "condition": "post_edit",
        "reveal": "always",
        "suggestion_source": judge,
        "vigilance_percent": 20,
        "trusted": nist,
    }


@pytest.fixture
def duty(pool, bob, terms):
    duties_assign(pool=pool, assessor=bob, **terms)
    return Duty.objects.get()


def planted(duty):
    return list(PoolItem.with_planted.filter(planted_for=duty).select_related("document"))


def grade(duty, item, grade):
    return judgment_record(duty=duty, item=item, actor=duty.assessor.user, idempotency_key=uuid4(), grade=grade)


def test_a_share_of_the_passages_is_planted_with_wrong_labels_that_are_never_0(duty, nist, outside):
    items = planted(duty)
    assert len(items) == 6  # of the thirty that are shown
    assert {item.document for item in items} < {document for document in outside if document.text}
    for item in items:
        assert item.trusted_grade == outside.index(item.document) % 4
        assert item.trusted_by == nist
        assert item.planted["grade"] not in (0, item.trusted_grade)
        assert item.planted["distribution"][str(item.planted["grade"])] == item.planted["confidence"]
    assert duty.pool.items.count() == 40
    assert DutyItem.objects.filter(duty=duty, vigilance=True).count() == 6


def test_the_same_seed_plants_the_same_and_another_one_others(duty):
    documents = [{item.document_id for item in planted(duty)}]
    for seed in (duty.pool.seed, 5):
        vigilance_plant(duties=[duty], seed=seed)
        documents.append({item.document_id for item in planted(duty)})
    assert documents[0] == documents[1] != documents[2]


def test_two_assessors_of_a_topic_have_other_passages_planted(duty, pool, terms):
    dora = make_assessor(pool.track, make_user("dora"))
    duties_assign(pool=pool, assessor=dora, **terms)
    hers = planted(Duty.objects.get(assessor=dora))
    assert len(hers) == 6
    assert {item.document_id for item in hers} != {item.document_id for item in planted(duty)}


def test_what_the_assessor_meets_otherwise_is_not_planted(pool, topic, bob, outside, terms):
    """Of 28 candidates bob has judged ten, answered one as planted, and has ten in another pool: seven remain."""
    for document in outside[:11]:
        Judgment.objects.create(
            assessor=bob, topic=topic, document=document, grade=1, vigilance=document == outside[10]
        )
    other = Pool.objects.create(track=pool.track, name="other", depth=1)
    PoolItem.objects.bulk_create(
        PoolItem(
            pool=other, topic=topic, document=document, position=n, best_rank=n, lot=n, run_ids=[], ranks=[]
        )
        for n, document in enumerate(outside[11:21], 1)
    )  # fmt: skip
    duties_assign(pool=other, assessor=bob, condition="manual")
    duties_assign(pool=pool, assessor=bob, **terms | {"vigilance_percent": 100})
    items = planted(Duty.objects.get(pool=pool))
    assert {item.document for item in items} == set(outside[21:28])


def test_where_too_few_can_be_planted_all_of_them_are(pool, bob, outside, terms, nist):
    Judgment.objects.filter(assessor=nist, document__in=outside[3:]).delete()
    duties_assign(pool=pool, assessor=bob, **terms)
    [drawn] = vigilance_draw(duties=[Duty.objects.get()])
    assert (drawn.wanted, len(drawn.items), len(planted(Duty.objects.get()))) == (6, 3, 3)


def test_nothing_is_planted_where_no_label_is_shown_that_it_could_hide_among(pool, bob, terms, judge):
    Judgment.objects.filter(assessor=judge).exclude(grade=0).delete()
    duties_assign(pool=pool, assessor=bob, **terms)
    [drawn] = vigilance_draw(duties=[Duty.objects.get()])
    assert (drawn.wanted, drawn.items) == (6, [])


@pytest.mark.parametrize("order", [str(order) for order in POOL_ORDERS])
@pytest.mark.parametrize("of_pool", [str(order) for order in POOL_ORDERS])
def test_planted_passages_hide_in_every_order(pool, bob, terms, outside, order, of_pool):
    pool.order = of_pool
    pool.save()
    by = {
        "shuffle": ("lot",),
        "docid": ("document__docid",),
        "best_rank": ("best_rank", "document__docid"),
        "move_to_front": ("best_rank", "document__docid"),
    }
    for place, item in enumerate(pool.items.order_by(*by[of_pool]), 1):
        PoolItem.objects.filter(pk=item.pk).update(position=1000 + place)
    for place, item in enumerate(pool.items.order_by("position"), 1):
        PoolItem.objects.filter(pk=item.pk).update(position=place)
    duties_assign(pool=pool, assessor=bob, order=order, **terms | {"vigilance_percent": 50})
    duty = Duty.objects.get()
    shown = [entry.pk for entry in pool_column(duty)]
    sorted_by = by[of_pool if order == "move_to_front" else order]
    assert shown == list(
        PoolItem.with_planted.filter(pk__in=shown).order_by(*sorted_by, "pk").values_list("pk", flat=True)
    )
    assert len(planted(duty)) == 15


def test_keys_do_not_tell_what_came_last(duty):
    keys = [item.pk for item in duty.pool.items.order_by("position")]
    assert keys != sorted(keys)
    assert any(item.pk < max(keys) for item in planted(duty))
    assert all(2**48 <= item.pk < 2**49 for item in planted(duty))


def bare(html, *names):
    """The HTML without what differs between any two passages: docid, title, number, label."""
    for name in names:
        html = html.replace(str(name), "…")
    return re.sub(r"\d+(\.\d+)?", "0", html)


def test_the_page_of_a_planted_passage_is_like_any_other(client, duty):
    """Tags, attributes and words are the same; what remains are numbers, which differ between any two."""
    client.force_login(duty.assessor.user)
    wrong = planted(duty)[0]
    graded = Judgment.objects.filter(assessor=duty.suggestion_source, grade=wrong.planted["grade"])
    real = duty.pool.items.get(document=graded.first().document)
    pages = []
    for item in (real, wrong):
        page = client.get(reverse("duty_item", args=[duty.pk, item.pk]), headers={"HX-Request": "true"})
        bared = bare(page.content.decode(), item.document.docid, item.document.title)
        # how sure the label is stands in words that follow from its numbers
        pages.append(re.sub(r"(?<=, )(clearly 0|rather 0 than 0|torn between 0 and 0)(?=</p>)", "sure", bared))
    # which bar is the highest is a matter of the grade, which both have
    assert pages[0].replace(' class="most"', "") == pages[1].replace(' class="most"', "")
    assert all("suggested" in page for page in pages)


def test_nothing_on_the_assessors_page_speaks_of_vigilance(client, duty):
    client.force_login(duty.assessor.user)
    for item in planted(duty):
        page = client.get(reverse("duty_item", args=[duty.pk, item.pk])).content.decode()
        assert not re.search(r"vigilan|planted|trusted|nist", page, re.I)
        entries = re.findall(r"<li><a [^>]*data-id=\"\d+\".*?</a>", page, re.S)
        assert len(entries) == 36
        first, *others = {
            re.sub(r"\d+", "0", re.sub(r"(?<=dir=\"auto\">)[^<]*| aria-current=\"true\"", "", each)) for each in entries
        }
        assert others == [], first


def test_a_withdrawn_duty_takes_its_planted_passages_along_and_leaves_the_answers(duty):
    item = planted(duty)[0]
    grade(duty, item.pk, 2)
    duties_withdraw(pool=duty.pool, assessor=duty.assessor)
    assert not PoolItem.with_planted.filter(planted_for__isnull=False).exists()
    assert duty.pool.items.count() == 40
    answer = Judgment.with_vigilance.get(assessor=duty.assessor)
    assert (answer.document_id, answer.grade, answer.vigilance) == (item.document_id, 2, True)


def test_other_terms_draw_anew_or_take_away_what_was_planted(duty, pool, bob, terms):
    duties_assign(pool=pool, assessor=bob, **terms | {"vigilance_percent": 10})
    assert len(planted(duty)) == 3
    duties_assign(pool=pool, assessor=bob, condition="manual")
    assert planted(duty) == []
    assert judging_item(Duty.objects.get(), pool.items.first().pk) is not None


def test_once_a_planted_passage_is_judged_the_share_stays_and_the_order_may_change(duty, pool, bob, terms):
    before = planted(duty)
    grade(duty, before[0].pk, 2)
    with pytest.raises(DomainError, match="bob has begun topic q1"):
        duties_assign(pool=pool, assessor=bob, **terms | {"vigilance_percent": 10})
    assert duties_assign(pool=pool, assessor=bob, order="docid", sample_percent=50, **terms) == 1
    assert planted(duty) == before


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"trusted": None}, "Name the assessor whose grades vigilance items are known by"),
        ({"vigilance_percent": 0}, "nobody is to be trusted"),
        ({"vigilance_percent": 101}, "from 0 to 100"),
        ({"condition": "filtered", "reveal": "never"}, "only post-edit shows suggestions"),
        ({"trusted": "lexical"}, "a person, an imported file or an adjudication"),
        ({"trusted": "bob"}, "bob cannot be tested with what he or she has graded"),
        ({"sample_percent": 0}, "from 1 to 100 %"),
        ({"order": "sideways"}, "no order “sideways”"),
    ],
)
def test_terms_that_contradict_each_other_are_refused_in_words(pool, bob, terms, more, sentence):
    asked = terms | more
    if isinstance(asked["trusted"], str):
        asked["trusted"] = Assessor.objects.get(name=asked["trusted"])
    with pytest.raises(DomainError, match=sentence):
        duties_assign(pool=pool, assessor=bob, **asked)
    assert not Duty.objects.exists()


@pytest.mark.parametrize("wrong", [{"vigilance_percent": 10}, {"condition": "manual", "reveal": "never"}])
def test_the_database_keeps_shares_without_somebody_trusted_out(duty, wrong):
    change = {"trusted": None} | wrong if "condition" not in wrong else wrong
    with pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.filter(pk=duty.pk).update(**change)


def test_planting_takes_as_many_queries_for_many_duties_as_for_one(pool, duty, terms):
    for number in range(5):
        duties_assign(pool=pool, assessor=make_assessor(pool.track, make_user(f"p{number}")), **terms)
    many = list(Duty.objects.select_related("pool", "topic", "assessor"))
    counts = []
    for duties in (many[:1], many):
        with CaptureQueriesContext(connection) as queries:
            vigilance_plant(duties=duties)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11
    assert PoolItem.with_planted.filter(planted_for__isnull=False).count() == 36


def test_vigilance_is_in_the_plan_file(duty):
    assert "".join(plan_file(duty.pool.track)).splitlines()[1] == (
        "pool-q1,q1,bob,post_edit,always,lexical,,100,20,nist,"
    )


def test_nothing_is_planted_where_the_judge_has_only_begun(bob, judge, pool, terms):
    later = pool.items.filter(position__gt=4).values("document")
    Judgment.objects.filter(assessor=judge, document__in=later).delete()
    duties_assign(pool=pool, assessor=bob, **terms)
    assert planted(Duty.objects.get()) == []
