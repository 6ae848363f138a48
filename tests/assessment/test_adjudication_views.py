"""The pages of adjudication: who opens them, what stands on them, and what hidden names keep out of them."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse

from assessment.models import Adjudication, Judgment, Membership
from assessment.selectors.adjudications import pair_of
from assessment.services.adjudications import adjudication_create, adjudication_decide


@pytest.fixture
def sources(track, nist, judge, topics, documents):
    """On q1 nist says 3 2 0 0 of d1 to d4, the judge 3 1 2: one agreed, two open, one single."""
    for document, value in zip(documents, [3, 1, 2], strict=False):
        Judgment.objects.create(
            assessor=judge, topic=topics[0], document=document, grade=value, condition="automatic", confidence=0.77
        )
    nist.judgments.filter(document=documents[1]).update(
        note="Only the <b>second</b> sentence.", evidence=[{"start": 0, "end": 7, "text": "Passage"}]
    )
    return [nist, judge]


@pytest.fixture
def adjudication(track, sources, bob, alice):
    return adjudication_create(track=track, name="gold", sources=sources, adjudicator=bob, by=alice)[0]


@pytest.fixture
def pairs(adjudication, topics, documents):
    """The address of each document's pair on the first topic, by the URL's name."""
    return lambda name, place: reverse(name, args=[adjudication.pk, topics[0].pk, documents[place].pk])


def key():
    return {"idempotency_key": str(uuid4())}


def form(sources, adjudicator, **more):
    return {"sources": [one.pk for one in sources], "name": "gold", "adjudicator": adjudicator.pk, **more}


PLACES = ["adjudications", "adjudication_preview", "adjudication", "adjudication_pair"]


@pytest.fixture
def addresses(adjudication, pairs):
    return {
        "adjudications": reverse("adjudications", args=["small"]),
        "adjudication_preview": reverse("adjudication_preview", args=["small"]),
        "adjudication_refresh": reverse("adjudication_refresh", args=["small", adjudication.pk]),
        "adjudication": reverse("adjudication", args=[adjudication.pk]),
        "adjudication_pair": pairs("adjudication_pair", 1),
        "adjudication_decide": pairs("adjudication_decide", 1),
        "adjudication_undo": pairs("adjudication_undo", 1),
    }


@pytest.mark.parametrize("name", PLACES)
def test_organizers_open_everything_and_the_adjudicator_the_desk(
    as_user, addresses, alice, bob, vera, charlie, admin, name
):
    got = {user.username: as_user(user).get(addresses[name]).status_code for user in (alice, bob, vera, charlie, admin)}
    desk = name in ("adjudication", "adjudication_pair")
    assert got == {"alice": 200, "bob": 200 if desk else 404, "vera": 404, "charlie": 404, "admin": 200}


@pytest.mark.parametrize(
    ("name", "writers"),
    [
        ("adjudications", {"alice": 200, "bob": 404, "admin": 200}),
        ("adjudication_refresh", {"alice": 302, "bob": 404, "admin": 302}),
        ("adjudication_decide", {"alice": 404, "bob": 200, "admin": 404}),
        ("adjudication_undo", {"alice": 404, "bob": 200, "admin": 404}),
    ],
)
def test_only_the_adjudicator_decides_and_only_organizers_make_and_take_over(
    as_user, addresses, alice, bob, vera, charlie, admin, name, writers
):
    people = (alice, bob, vera, charlie, admin)
    got = {user.username: as_user(user).post(addresses[name], {}).status_code for user in people}
    assert got == {"vera": 404, "charlie": 404} | writers


def test_without_a_login_there_is_only_the_login(client, addresses):
    for address in addresses.values():
        assert client.get(address).headers["Location"].startswith(reverse("login"))
        assert client.post(address).headers["Location"].startswith(reverse("login"))


def test_an_adjudicator_whose_role_was_withdrawn_finds_nothing(as_user, addresses, bob, track):
    Membership.objects.filter(user=bob).update(role="viewer")
    assert as_user(bob).get(addresses["adjudication"]).status_code == 404
    assert as_user(bob).post(addresses["adjudication_decide"], {"grade": 1} | key()).status_code == 404
    assert as_user(bob).get(reverse("home")).context["adjudications"] == []


def test_an_adjudication_of_another_track_is_not_found_under_this_one(as_user, alice, adjudication):
    from assessment.services.tracks import track_create

    track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    assert as_user(alice).post(reverse("adjudication_refresh", args=["other", adjudication.pk])).status_code == 404


@pytest.mark.parametrize(("topic", "document"), [(0, 5), (1, 0), (0, 10**30), (10**30, 0)])
def test_a_pair_that_is_none_is_not_found(as_user, bob, adjudication, topics, documents, topic, document):
    topic = topics[topic].pk if topic < 3 else topic
    document = documents[document].pk if document < 6 else document
    for name in ("adjudication_pair", "adjudication_decide"):
        address = reverse(name, args=[adjudication.pk, topic, document])
        assert as_user(bob).get(address, follow=True).status_code == 404
    assert as_user(bob).post(address, {"grade": 1} | key()).status_code == 404


def test_the_preview_says_what_would_be_decided_before_anything_is_made(as_user, alice, sources, bob):
    page = as_user(alice).get(reverse("adjudication_preview", args=["small"]), form(sources, bob)).content.decode()
    words = re.sub(r"<[^>]+>", "", page)
    assert "3 passages graded by two or more of them: 1 agree and are taken over, 2 to decide." in words
    assert "1 more was graded by one only and stays out." in words
    assert "Tick two" in as_user(alice).get(reverse("adjudication_preview", args=["small"])).content.decode()
    assert not Adjudication.objects.exists()


def test_without_scripts_a_button_shows_the_preview_and_another_makes_it(as_user, alice, bob, sources, track):
    address = reverse("adjudications", args=["small"])
    shown = as_user(alice).post(address, form(sources, bob, preview="1", hide_names="on"))
    assert shown.context["counts"].to_decide == 2
    assert not Adjudication.objects.exists()
    made = as_user(alice).post(address, form(sources, bob, hide_names="on"), follow=True)
    assert "gold is made. 1 agreed passage taken over." in made.content.decode()
    stored = Adjudication.objects.get()
    assert (stored.adjudicator, stored.hide_names, stored.created_by) == (bob, True, alice)


def test_the_agreement_page_sends_its_pair_to_the_form(as_user, alice, vera, track, sources):
    address = reverse("agreement", args=["small"]) + "?a=nist&b=lexical"
    page = as_user(alice).get(address).content.decode()
    link = re.search(r'href="([^"]*adjudications/\?[^"]*)"', page).group(1).replace("&amp;", "&")
    form_page = as_user(alice).get(link)
    assert form_page.context["form"]["sources"].value() == [one.pk for one in sources]
    assert "adjudications/?" not in as_user(vera).get(address).content.decode()


def test_the_agreement_page_knows_adjudicated_labels(as_user, alice, adjudication):
    page = as_user(alice).get(reverse("agreement", args=["small"]) + "?a=gold&b=nist")
    assert "adjudicated – imported" in page.content.decode()
    assert "high by construction" in page.content.decode()


@pytest.mark.parametrize("asked", ["", "abc", "²", "9" * 40, "-1"])
def test_sources_that_are_none_are_not_ticked(as_user, alice, sources, asked):
    page = as_user(alice).get(reverse("adjudications", args=["small"]), {"sources": asked})
    assert page.status_code == 200


def test_a_refused_form_comes_back_with_the_reason(as_user, alice, bob, vera, sources):
    address = reverse("adjudications", args=["small"])
    for data, sentence in (
        (form(sources, bob, name="nist"), "nist is another assessor here"),
        (form(sources[:1], bob), "choose two"),
        (form([], bob), "Tick two assessors"),
        (form(sources, vera), "Select a valid choice"),
    ):
        assert sentence in as_user(alice).post(address, data).content.decode()
    assert not Adjudication.objects.exists()


def test_a_track_without_labels_says_what_comes_first(as_user, alice, track):
    assert "Two assessors come first" in as_user(alice).get(reverse("adjudications", args=["small"])).content.decode()


def test_the_desk_opens_at_the_first_disagreement_and_goes_on_from_one_to_the_next(as_user, bob, pairs, adjudication):
    client = as_user(bob)
    assert client.get(reverse("adjudication", args=[adjudication.pk])).context["pair"].document.docid == "d2"
    first = client.post(pairs("adjudication_decide", 1), {"grade": 2} | key())
    assert first.headers["Location"] == pairs("adjudication_pair", 2)
    last = client.post(pairs("adjudication_decide", 2), {"grade": 1, "reason": "oversight", "note": "Seen."} | key())
    finished = client.get(last.headers["Location"])
    assert "All 2 decided" in finished.content.decode()
    stored = adjudication.result.judgments.get(document__docid="d3")
    assert (stored.grade, stored.reason, stored.note) == (1, "oversight", "Seen.")


def test_the_pages_script_gets_the_next_pair_in_the_reply_with_its_address(as_user, bob, pairs, adjudication):
    client = as_user(bob)
    reply = client.post(pairs("adjudication_decide", 1), {"grade": 2} | key(), headers={"HX-Request": "true"})
    assert reply.context["pair"].document.docid == "d3"
    assert reply.headers["HX-Push-Url"] == pairs("adjudication_pair", 2)
    refused = client.post(pairs("adjudication_decide", 2), {"grade": 9} | key(), headers={"HX-Request": "true"})
    assert refused.headers["HX-Push-Url"] == "false"
    last = client.post(pairs("adjudication_decide", 2), {"grade": 0} | key(), headers={"HX-Request": "true"})
    assert last.headers["HX-Push-Url"] == reverse("adjudication", args=[adjudication.pk])


def test_what_was_put_off_comes_again_at_the_end(as_user, bob, pairs, adjudication):
    client = as_user(bob)
    off = client.post(pairs("adjudication_decide", 1), {"state": "skipped"} | key())
    assert off.headers["Location"] == pairs("adjudication_pair", 2)
    again = client.post(pairs("adjudication_decide", 2), {"grade": 0} | key())
    assert again.headers["Location"] == pairs("adjudication_pair", 1)


def test_a_decision_whose_sources_have_changed_is_pointed_out(as_user, bob, alice, pairs, adjudication, sources):
    client = as_user(bob)
    for place in (1, 2):
        client.post(pairs("adjudication_decide", place), {"grade": 2} | key())
    sources[1].judgments.filter(document__docid="d2").update(grade=0)
    page = client.get(reverse("adjudication", args=[adjudication.pk]))
    assert page.context["pair"].document.docid == "d2"
    assert "changed after this was decided" in page.content.decode()
    assert "1 changed since" in as_user(alice).get(reverse("adjudications", args=["small"])).content.decode()


def test_undo_on_the_page_goes_back_to_the_last_decision(as_user, bob, pairs, adjudication):
    client = as_user(bob)
    client.post(pairs("adjudication_decide", 1), {"grade": 2} | key())
    page = client.get(pairs("adjudication_pair", 2)).content.decode()
    assert f'action="{pairs("adjudication_undo", 1)}"' in page
    undone = client.post(pairs("adjudication_undo", 1), key())
    assert undone.headers["Location"] == pairs("adjudication_pair", 1)
    assert adjudication.result.judgments.count() == 1
    again = client.post(pairs("adjudication_undo", 1), key())
    assert "no decision to undo" in again.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"grade": 9}, "not on this track&#x27;s scale"),
        ({"grade": "many"}, "grade: Enter a whole number"),
        ({}, "Give a grade"),
        ({"state": "unjudgeable", "note": " "}, "choose a cause"),
        ({"grade": 1, "reason": "because"}, "reason: Select a valid choice"),
        ({"grade": 1, "idempotency_key": "x"}, "idempotency_key"),
    ],
)
def test_a_refused_decision_comes_back_with_everything_that_was_typed(
    as_user, bob, pairs, adjudication, data, sentence
):
    typed = {"note": "A long thought."} | key() | data
    page = as_user(bob).post(pairs("adjudication_decide", 1), typed)
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert f">{typed['note']}</textarea>" in page.content.decode()
    assert adjudication.result.judgments.count() == 1


def test_the_pair_stands_there_with_note_evidence_and_escaped_text(as_user, bob, pairs):
    page = as_user(bob).get(pairs("adjudication_pair", 1)).content.decode()
    assert "Only the &lt;b&gt;second&lt;/b&gt; sentence." in page
    assert re.search(r'<span class="evidence" title="Evidence of [AB]" data-by="[AB]">Passage</span> number', page)
    assert "about the <mark>sky</mark>" in page


def test_hidden_names_are_nowhere_on_the_adjudicators_page(as_user, bob, alice, pairs):
    page = as_user(bob).get(pairs("adjudication_pair", 1)).content.decode()
    desk = page[page.index('id="desk"') :]
    assert "nist" not in desk
    assert "lexical" not in desk
    assert "automatic" not in desk  # would say which is the machine
    assert "0.77" not in desk
    looking_on = as_user(alice).get(pairs("adjudication_pair", 1)).content.decode()
    assert "lexical" in looking_on
    assert "bob decides; you look on" in looking_on
    assert 'id="undoing"' not in looking_on


def test_people_who_judged_under_conditions_are_told_with_what_they_saw(as_user, bob, pairs, sources):
    Judgment.objects.filter(assessor__in=sources, document__docid="d2").update(
        condition="post_edit", suggestion_grade=3
    )
    page = as_user(bob).get(pairs("adjudication_pair", 1)).content.decode()
    assert page.count("post-edit, was shown a suggestion of 3") == 2


def test_the_letters_stay_with_a_pair_and_cannot_be_learnt(track, nist, judge, topics, bob):
    from assessment.models import Document

    many = Document.objects.bulk_create(Document(collection=track.collection, docid=f"m{n}") for n in range(40))
    for source, value in ((nist, 1), (judge, 2)):
        Judgment.objects.bulk_create(
            Judgment(assessor=source, topic=topics[2], document=document, grade=value) for document in many
        )
    made, _ = adjudication_create(track=track, name="gold", sources=[nist, judge], adjudicator=bob)

    def drawn(document):
        said = pair_of(made, topics[2].pk, document.pk, names=False, scale=track.grades.all()).said
        assert [(one.letter, one.name, one.key) for one in said] == [("A", "", "a"), ("B", "", "b")]
        return said[0].judgment.assessor_id

    first = [drawn(document) for document in many]
    assert [drawn(document) for document in many] == first
    assert 8 <= first.count(nist.pk) <= 32


def test_home_leads_the_adjudicator_to_the_desk(as_user, bob, alice, adjudication):
    page = as_user(bob).get(reverse("home")).content.decode()
    assert reverse("adjudication", args=[adjudication.pk]) in page
    assert "Begin deciding" in page
    assert as_user(alice).get(reverse("home")).context["adjudications"] == []


def test_pages_ask_the_database_as_often_for_many_pairs_as_for_few(
    as_user, alice, bob, track, topics, documents, sources, adjudication, pairs, django_assert_max_num_queries
):
    from assessment.models import Document

    many = Document.objects.bulk_create(Document(collection=track.collection, docid=f"m{n}") for n in range(60))
    for number, source in enumerate(sources):
        Judgment.objects.bulk_create(
            Judgment(assessor=source, topic=topics[0], document=document, grade=number) for document in many
        )
    for number in range(5):
        adjudication_create(track=track, name=f"gold{number}", sources=sources, adjudicator=bob)
    for document in many[:30]:
        of_pair = {"topic": topics[0].pk, "document": document.pk, "idempotency_key": uuid4()}
        adjudication_decide(adjudication=adjudication, grade=1, actor=bob, **of_pair)
    for user, address, most in (
        (alice, reverse("adjudications", args=["small"]), 16),
        (bob, pairs("adjudication_pair", 1), 16),
        (bob, reverse("home"), 12),
    ):
        client = as_user(user)
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
