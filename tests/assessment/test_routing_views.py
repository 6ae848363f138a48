"""The pages of routing: the rule is shown, made, and reported on."""

import pytest
from django.urls import reverse

from assessment.models import Duty, Judgment, Pool
from tests.factories import suggest

RULE = {"signal": "confidence", "threshold": "0.6", "audit_percent": "100", "seed": "0", "name": "part"}


@pytest.fixture
def labelled(pool, judge):
    """Of each topic the first passage is sure, the second is not; the last topic has no labels."""
    for item in pool.items.exclude(topic__qid="q3"):
        suggest(judge, item, 2, confidence=0.9 if item.position == 1 else 0.4)
    return pool


@pytest.fixture
def route(as_user, alice, labelled, judge):
    def asked(view="pool_route", pool=labelled, method="post", **data):
        address = reverse(view, args=["small", pool.pk])
        return getattr(as_user(alice), method)(address, RULE | {"judge": judge.pk} | data)

    return asked


def test_the_numbers_are_shown_before_anything_is_made(route):
    page = route("routing_preview", method="get").content.decode()
    assert '<strong class="num">6</strong> of 6 pairs' in page and "Left to the judge" in page
    assert "0.6" in page and "about 6" in page
    without_script = route(preview="1").content.decode()
    assert '<strong class="num">6</strong> of 6 pairs' in without_script
    assert Pool.objects.count() == 1


def test_without_an_audit_the_page_says_what_that_means(route):
    assert "nobody will know how often" in route("routing_preview", method="get", audit_percent="0").content.decode()


def test_where_the_judge_is_sure_of_nothing_the_whole_pool_is_judged(route, as_user, alice):
    assert "people judge the whole pool" in route("routing_preview", method="get", threshold="1").content.decode()
    made = route(threshold="1").headers["Location"]
    page = as_user(alice).get(made).content.decode()
    assert "people judge the whole pool" in page and "Nothing was audited" not in page


def test_a_rule_makes_a_pool_whose_page_shows_rule_and_provenance(route, as_user, alice):
    made = route(audit_percent="50")
    routed = Pool.objects.get(name="part")
    assert made.headers["Location"] == reverse("pool", args=["small", routed.pk])
    page = as_user(alice).get(made.headers["Location"]).content.decode()
    assert "a confidence below 0.6" in page and "pool-2</a> people get what lexical labelled" in page
    assert "extend_pool" not in page and "only what the judge is unsure of" not in page
    assert "routed from pool-2 by lexical" in as_user(alice).get(reverse("pools", args=["small"])).content.decode()


def test_once_the_audit_is_judged_the_page_says_how_often_the_judge_errs(route, as_user, alice, assessor_bob):
    route()
    routed = Pool.objects.get(name="part")
    address = reverse("pool", args=["small", routed.pk])
    assert "none is judged yet" in as_user(alice).get(address).content.decode()
    for item in routed.items.all():
        Duty.objects.get_or_create(pool=routed, topic=item.topic, assessor=assessor_bob, condition="manual")
        grade = 2 if item.topic.qid == "q1" else 0
        Judgment.objects.create(assessor=assessor_bob, topic=item.topic, document=item.document, grade=grade)
    page = as_user(alice).get(address).content.decode()
    assert "1 of 2" in page and "50.0" in page and "9.5" in page and "90.5" in page
    assert "too few to rely on" in page and "in relevance from 1" in page


def test_what_cannot_be_is_said_and_nothing_is_made(route, judge, labelled):
    for change, sentence in (
        ({"judge": ""}, "This field is required"),
        ({"threshold": "2"}, "A threshold of confidence is from 0 to 1"),
        ({"name": "pool-2"}, "already has a pool named pool-2"),
        ({"audit_percent": "101"}, "less than or equal to 100"),
    ):
        page = route(**change).content.decode()
        assert sentence in page
    Judgment.objects.filter(assessor=judge).update(confidence=None)
    assert "given no confidence with its 4 labels" in route().content.decode()
    assert Pool.objects.count() == 1


def test_without_labels_the_page_says_to_ask_a_judge(as_user, alice, pool):
    assert "A judge comes first" in as_user(alice).get(reverse("pool_route", args=["small", pool.pk])).content.decode()


def test_a_routed_pool_points_to_where_it_came_from(route, as_user, alice):
    route()
    routed = Pool.objects.get(name="part")
    page = as_user(alice).get(reverse("pool_route", args=["small", routed.pk])).content.decode()
    assert "routed already" in page and "Route pool-2" in page


def test_organizers_download_the_probabilities_and_nobody_else_does(route, as_user, alice, bob, vera, labelled):
    route()
    routed = Pool.objects.get(name="part")
    address = reverse("routing_export", args=["small", routed.pk])
    assert [as_user(user).get(address).status_code for user in (bob, vera)] == [404, 404]
    reply = as_user(alice).get(address)
    assert reply.headers["Content-Disposition"] == 'attachment; filename="small.part.routing.csv"'
    assert b"".join(reply.streaming_content).startswith(b"topic,docid,reason,selection_probability")
    assert as_user(alice).get(reverse("routing_export", args=["small", labelled.pk])).status_code == 404
