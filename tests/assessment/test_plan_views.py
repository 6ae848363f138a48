"""A plan on the page: shown first, assigned as shown, taken out and in as a file."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessment.models import Duty, Judgment, PoolItem
from assessment.services.duties import duties_assign


def asked(*people, **more):
    weights = {"manual": 1, "filtered": 0, "post_edit": 0, "automatic": 0}
    fixed = {"reveal": "always", "overlap_percent": 0, "overlap_of": "topics", "seed": 0}
    return {"people": [user.pk for user in people], **weights, **fixed, **more}


def address(name, pool):
    return reverse(name, args=["small", pool.pk])


def test_the_fragment_says_who_gets_how_much_and_makes_nothing(as_user, alice, bob, dora, pool):
    page = as_user(alice).get(address("plan_preview", pool), asked(bob, dora, overlap_percent=34)).content.decode()
    assert page.count("<section") == 1
    rows = re.findall(r'<th scope="row">(\w+)</th><td class="num">(\d+)</td><td class="num"><strong>(\d+)', page)
    assert rows == [("bob", "2", "4"), ("dora", "2", "4"), ("All", "4", "8")]
    assert "csrfmiddlewaretoken" not in page
    assert not Duty.objects.exists()


def test_without_scripts_a_button_shows_the_plan_and_another_assigns_it(as_user, alice, bob, dora, pool):
    client = as_user(alice)
    shown = client.post(address("plan", pool), asked(bob, dora, preview="1"))
    assert not Duty.objects.exists()
    digest = shown.context["preview"].digest
    done = client.post(address("plan", pool), asked(bob, dora, assign="1", shown=digest))
    assert done.headers["Location"] == address("pool", pool)
    assert Duty.objects.count() == 3


@pytest.mark.parametrize("shown", [{}, {"shown": ""}, {"shown": "0" * 32}])
def test_what_was_not_shown_is_not_assigned_but_shown(as_user, alice, bob, pool, shown):
    page = as_user(alice).post(address("plan", pool), asked(bob, assign="1", **shown))
    assert page.status_code == 200
    assert "not the one that was shown" in page.content.decode()
    assert page.context["preview"].total.total.topics == 3
    assert not Duty.objects.exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"filtered": 1}, "Name whose suggestions"),
        ({"overlap_percent": 50}, "at least two people"),
        ({"overlap_percent": 101}, "less than or equal to 100"),
        ({"manual": 0}, "needs a condition"),
        ({"people": []}, "needs people"),
        ({"manual": "many"}, "whole number"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why_in_the_fragment_and_on_the_page(as_user, alice, bob, pool, more, sentence):
    client = as_user(alice)
    for page in (
        client.get(address("plan_preview", pool), asked(bob) | more),
        client.post(address("plan", pool), asked(bob) | more | {"assign": "1"}),
    ):
        assert page.status_code == 200
        assert sentence in page.content.decode()
    assert not Duty.objects.exists()


def test_people_who_do_not_judge_cannot_be_planned(as_user, alice, vera, charlie, pool):
    for user in (vera, charlie):
        page = as_user(alice).get(address("plan_preview", pool), asked(user)).content.decode()
        assert "is not one of the available choices" in page


def test_what_is_left_to_a_judge_is_said_and_how_much_it_has_graded(as_user, alice, bob, pool, nist):
    settings = asked(bob, automatic=1, filtered=1, manual=0, suggestion_source=nist.pk)
    page = as_user(alice).get(address("plan_preview", pool), settings).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "pairs for nobody: the labels of nist stand." in text
    assert "nist has graded 2 of these 6 pairs so far." in text


def test_an_automatic_topic_is_on_the_pools_page_and_is_nobodys_work(as_user, alice, bob, pool, judge, client):
    settings = asked(bob, automatic=1, manual=0, suggestion_source=judge.pk)
    digest = as_user(alice).post(address("plan", pool), settings | {"preview": "1"}).context["preview"].digest
    client.post(address("plan", pool), settings | {"assign": "1", "shown": digest})
    page = client.get(address("pool", pool))
    assert [(work.assessor.name, work.conditions) for work in page.context["works"]] == [("lexical", ["automatic"])]
    assert client.get(reverse("pools", args=["small"])).context["pools"][0].people in (0, None)
    assert as_user(bob).get(reverse("home")).context["works"] == []
    assert client.get(reverse("duty", args=[Duty.objects.first().pk])).status_code == 404


def test_a_plan_is_downloaded_changed_and_uploaded(as_user, alice, bob, pool, judge, assessor_bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    client = as_user(alice)
    response = client.get(address("plan_export", pool))
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "small.pool-2.plan.csv" in response.headers["Content-Disposition"]
    text = b"".join(response.streaming_content).decode()
    changed = text.replace("q2,bob,manual,never,", "q2,bob,filtered,never,lexical")
    page = client.post(address("plan_file", pool), {"files": [SimpleUploadedFile("plan.csv", changed.encode())]})
    assert [report.summary for report in page.context["reports"]] == ["Duties: 0 new, 1 changed, 2 unchanged."]
    assert Duty.objects.get(topic__qid="q2").condition == "filtered"


def test_a_bad_plan_is_refused_with_its_lines(as_user, alice, pool, assessor_bob, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    header = "pool,topic,assessor,condition,reveal,suggestion_source"
    text = f"{header}\npool-2,q1,bob,filtered,never,<b>x</b>\npool-2,q9,bob,manual,never,\n"
    page = as_user(alice).post(address("plan_file", pool), {"files": [SimpleUploadedFile("p.csv", text.encode())]})
    assert [problem.line for problem in page.context["reports"][0].problems] == [2, 3]
    assert "<b>x</b>" not in page.content.decode()
    assert "Choose a file." in as_user(alice).post(address("plan_file", pool), {}).content.decode()


def test_a_track_without_people_sends_to_the_people_first(as_user, alice, track, pool):
    from assessment.models import Membership

    Membership.objects.filter(track=track).delete()
    alice.is_staff = True
    alice.save()
    assert "People come first" in as_user(alice).get(address("plan", pool)).content.decode()


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_fragment_tells_of_second_judgments_and_of_vigilance_items(
    as_user, alice, bob, dora, wide_pool, judge, trusted, documents
):
    Judgment.objects.filter(assessor=trusted, document=documents[3]).delete()
    settings = asked(
        bob, dora, manual=0, post_edit=1, suggestion_source=judge.pk, vigilance_percent=100, trusted=trusted.pk,
        overlap_percent=1, overlap_of="pairs",
    )  # fmt: skip
    said = words(as_user(alice).get(address("plan_preview", wide_pool), settings).content.decode())
    assert "12 of 24 vigilance items wanted can be planted: expert has graded too few pairs outside this pool" in said
    assert "second judgments of 0 passages in 12 topics" in said
    assert re.search(r"All 24 36 36 in 24 0 in 12 12 of 24 wanted", said), said


def test_without_labels_the_fragment_says_that_vigilance_items_could_not_hide(
    as_user, alice, bob, wide_pool, judge, trusted
):
    Judgment.objects.filter(assessor=judge).delete()
    settings = asked(
        bob, manual=0, post_edit=1, suggestion_source=judge.pk, vigilance_percent=50, trusted=trusted.pk
    )  # fmt: skip
    said = words(as_user(alice).get(address("plan_preview", wide_pool), settings).content.decode())
    assert "they need labels of lexical to hide among" in said


def test_the_fragment_says_that_a_shared_pools_topics_are_shared(as_user, alice, bob, pool):
    pool.quota = 2
    pool.save()
    said = words(as_user(alice).get(address("plan_preview", pool), asked(bob)).content.decode())
    assert "those who have the same topic share its passages, each for 2 people" in said


def test_the_pools_page_says_which_plan_made_its_duties(as_user, alice, bob, dora, pool, judge):
    client = as_user(alice)
    settings = asked(
        bob, dora, post_edit=2, suggestion_source=judge.pk, overlap_percent=20, overlap_of="pairs", seed=7,
        order="best_rank",
    )  # fmt: skip
    digest = client.post(address("plan", pool), settings | {"preview": "1"}).context["preview"].digest
    client.post(address("plan", pool), settings | {"assign": "1", "shown": digest})
    said = words(client.get(address("pool", pool)).content.decode())
    assert re.search(
        r"Made by plan of \d+ \w+ \d{4}, \d\d:\d\d by alice, seed 7 : 6 duties over bob, dora; manual 1, post-edit 2; "
        r"suggestions by lexical; overlap 20 % of pairs; order best rank\. All stand as planned\.",
        said,
    ), said
    client.post(address("duties_assign", pool), {"withdraw": Duty.objects.first().assessor_id})
    assert "of them stand as planned." in words(client.get(address("pool", pool)).content.decode())


def test_order_share_and_vigilance_are_given_by_hand(as_user, alice, bob, wide_pool, judge, trusted):
    by_hand = {
        "person": bob.pk, "condition": "post_edit", "suggestion_source": judge.pk, "reveal": "commit_then_reveal",
        "order": "docid", "sample_percent": 40, "vigilance_percent": 50, "trusted": trusted.pk,
    }  # fmt: skip
    client = as_user(alice)
    assert client.post(address("duties_assign", wide_pool), by_hand).status_code == 302
    rows = Duty.objects.values_list("order", "sample_percent", "vigilance_percent", "trusted__name", "plan")
    assert set(rows) == {("docid", 40, 50, "expert", None)}
    assert PoolItem.with_planted.filter(planted_for__isnull=False).count() == 12
    # without scripts every field is sent: what manual judging does not use is dropped
    assert client.post(address("duties_assign", wide_pool), by_hand | {"condition": "manual"}).status_code == 302
    rows = Duty.objects.values_list("condition", "order", "vigilance_percent", "trusted")
    assert set(rows) == {("manual", "docid", 0, None)}
    assert not PoolItem.with_planted.filter(planted_for__isnull=False).exists()


def test_vigilance_by_hand_needs_somebody_trusted_and_says_so(as_user, alice, bob, pool, judge):
    page = as_user(alice).post(
        address("duties_assign", pool),
        {"person": bob.pk, "condition": "post_edit", "suggestion_source": judge.pk, "reveal": "always",
         "vigilance_percent": 10},
    )  # fmt: skip
    assert page.status_code == 200
    assert "Name the assessor whose grades vigilance items are known by" in page.content.decode()
    assert "<details open><summary>Order, share, vigilance" in page.content.decode()
