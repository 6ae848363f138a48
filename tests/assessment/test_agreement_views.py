"""The page of agreement: every two assessors, one pair in full, and what became of the suggestions."""

import csv
import io
import re
from html import unescape

import pytest
from django.urls import reverse

from assessment.models import Assessor, Document, Judgment, Topic, User
from assessment.selectors.agreements import all_agreements
from assessment.selectors.matrices import grades_by_all
from assessment.services.people import member_set
from assessment.views.agreement import KINDS

PAIR = {"a": "nist", "b": "lexical"}


@pytest.fixture
def address(track):
    return reverse("agreement", args=[track.slug])


@pytest.fixture
def graded(nist, judge, assessor_bob, topics, documents):
    """nist said 3 2 0 0 of d1 … d4, the judge 3 0 1 0, bob 0 1; on q2 both judge and bob said 1 of d1."""
    for document, grade in zip(documents, [3, 0, 1, 0], strict=False):
        Judgment.objects.create(assessor=judge, topic=topics[0], document=document, grade=grade, condition="automatic")
    for document, grade, note in zip(documents, [0, 1], ["Off <b>topic</b>.", ""], strict=False):
        Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=document, grade=grade, note=note)
    for one in (judge, assessor_bob):
        Judgment.objects.create(assessor=one, topic=topics[1], document=documents[0], grade=1)


@pytest.fixture
def page(as_user, vera, address, graded):
    """The page as vera, who may only read, sees it with these parameters."""

    def opened(**parameters) -> str:
        response = as_user(vera).get(address, parameters)
        assert response.status_code == 200
        return unescape(response.content.decode())

    return opened


def pairs_in(html: str) -> list[tuple[str, str, str]]:
    """(a, b, number of pairs) of each row of the table, in its order."""
    rows = re.findall(r'<tr[^>]*>\s*<th scope="row"><a href="\?.*?</tr>', html.split('id="pair"')[0], re.S)
    texts = [re.findall(r">([^<>]+)<", row) for row in rows]
    return [(text[0], text[2].strip(), text[4]) for text in ([t for t in each if t.strip()] for each in texts)]


def listed(html: str) -> list[tuple[int, int, str]]:
    """(a's grade, b's grade, title) of each disagreement listed."""
    found = re.findall(r'<details class="disagreement">(.*?)</summary>', html, re.S)
    return [
        (*map(int, re.findall(r'data-grade="(\d)"', each)), re.search(r'what-title"[^>]*>([^<]*)<', each)[1])
        for each in found
    ]


def test_every_two_assessors_stand_in_the_table_people_first(page):
    assert pairs_in(page()) == [("bob", "nist", "2"), ("bob", "lexical", "3"), ("nist", "lexical", "4")]


def test_the_table_sorts_by_its_columns_and_back(page):
    assert [row[2] for row in pairs_in(page(sort="n"))] == ["4", "3", "2"]
    assert [row[2] for row in pairs_in(page(sort="-n"))] == ["2", "3", "4"]
    assert [row[2] for row in pairs_in(page(sort="nonsense"))] == ["2", "3", "4"]


def test_undefined_figures_are_a_dash_and_come_last_either_way(page, track, topics, documents, nist):
    strict = Assessor.objects.create(track=track, kind="imported", name="strict")
    Judgment.objects.create(assessor=strict, topic=topics[0], document=documents[2], grade=0)
    for sort in ("kappa", "-kappa"):
        html = page(sort=sort)
        assert ("nist", "strict", "1") in pairs_in(html)[-2:]
    assert "–" in html


def test_the_table_can_be_narrowed_to_one_kind_of_pairs(page):
    assert pairs_in(page(kinds="imported-llm")) == [("nist", "lexical", "4")]
    assert len(pairs_in(page(kinds="nonsense"))) == 3


def test_the_table_comes_as_csv_too(as_user, vera, address, graded):
    response = as_user(vera).get(address, {"csv": "pairs"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [(row["a"], row["b"], row["n"], row["exact"]) for row in rows] == [
        ("bob", "nist", "2", "0.0"),
        ("bob", "lexical", "3", "0.3333333333333333"),
        ("nist", "lexical", "4", "0.5"),
    ]


def test_a_pair_shows_its_disagreements_farthest_apart_first(page):
    assert listed(page(**PAIR)) == [(2, 0, "Title of d2"), (0, 1, "Title of d3")]
    swapped = page(a="lexical", b="nist")
    assert listed(swapped) == [(0, 2, "Title of d2"), (1, 0, "Title of d3")]
    assert '<p class="eyebrow">imported – judge</p>' in swapped


def test_the_list_can_be_narrowed_by_distance_topic_and_cell(page):
    assert listed(page(**PAIR, apart=2)) == [(2, 0, "Title of d2")]
    assert listed(page(**PAIR, first=0, second=1)) == [(0, 1, "Title of d3")]
    assert listed(page(a="bob", b="lexical", topic="q1")) == [(0, 3, "Title of d1"), (1, 0, "Title of d2")]
    assert listed(page(a="bob", b="lexical", topic="q2")) == []
    assert "on these passages the two agree" in page(a="bob", b="lexical", topic="q2")


def test_a_disagreement_opens_with_its_text_and_both_notes(page):
    html = page(a="bob", b="lexical")
    assert "Passage number 1 about the" in html
    assert "Off <b>topic</b>." in html  # the fixture unescapes; raw HTML is tested below


def test_a_disagreement_shows_the_evidence_of_both(page, assessor_bob, judge, topics, documents):
    pair = {"topic": topics[0], "document": documents[0]}
    for one, words in ((assessor_bob, "number 1"), (judge, "1 about")):
        text = documents[0].text
        start = text.index(words)
        span = {"start": start, "end": start + len(words), "text": words}
        Judgment.objects.filter(assessor=one, **pair).update(evidence=[span])
    html = page(a="bob", b="lexical")
    assert html.count('<span class="badge badge-quiet">evidence</span>') == 1
    assert '<li dir="auto">number 1</li>' in html and '<li dir="auto">1 about</li>' in html
    by = re.findall(r'<span class="evidence"[^>]* data-by="([^"]*)">([^<]*)</span>', html)
    assert by == [("bob", "number "), ("bob, lexical", "1"), ("lexical", " about")]


def test_notes_are_escaped(as_user, vera, address, graded):
    html = as_user(vera).get(address, {"a": "bob", "b": "lexical"}).content.decode()
    assert "Off &lt;b&gt;topic&lt;/b&gt;." in html
    assert "<b>topic" not in html


def test_long_lists_come_in_pages_and_keep_their_filter(page, track, topics, nist, judge):
    more = Document.objects.bulk_create(
        Document(collection=track.collection, docid=f"e{number:02}", title=f"More {number:02}") for number in range(30)
    )
    for one, grade in ((nist, 3), (judge, 1)):
        Judgment.objects.bulk_create(
            Judgment(assessor=one, topic=topics[2], document=document, grade=grade) for document in more
        )
    first, second = page(**PAIR, apart=2), page(**PAIR, apart=2, page=2)
    assert (len(listed(first)), len(listed(second))) == (25, 6)
    assert not set(listed(first)) & set(listed(second))
    assert re.search(r'href="\?([^"#]*)#disagreements" rel="next"', first)[1] == "a=nist&b=lexical&apart=2&page=2"
    assert len(listed(page(**PAIR, page="nonsense"))) == 25


def test_topics_have_their_own_figures(page):
    by_topic = page(a="bob", b="lexical").split("Topic by topic")[1].split("</table>")[0]
    cells = [re.findall(r'<td class="num">([^<]*)<', row) for row in by_topic.split("<tr")[2:]]
    assert cells == [["2", "−0.33", "0 %", "+1.00"], ["1", "–", "100 %", "+0.00"]]


def test_cells_of_the_table_lead_to_their_passages(page):
    confusion = page(**PAIR).split("Grades side by side")[1].split("</table>")[0]
    assert "first=2&second=0#disagreements" in confusion
    assert "first=3&second=3" not in confusion


@pytest.mark.parametrize("names", [{"a": "nist", "b": "nobody"}, {"a": "nist", "b": "nist"}, {"a": "nist"}])
def test_names_that_are_no_two_assessors_are_said(page, names):
    assert "no two assessors with these names" in page(**names)


def test_two_without_a_passage_in_common_are_said(page, track):
    Assessor.objects.create(track=track, kind="imported", name="empty")
    assert "no passage in common yet" in page(a="nist", b="empty")
    assert "3 other pairs of assessors have no passage in common" in page()


def test_parameters_that_are_none_do_no_harm(page):
    odd = {"apart": "-3", "first": "²", "second": "1e9", "page": "99999", "topic": "%00", "sort": "__class__"}
    assert page(**PAIR, **odd)


def test_an_empty_track_says_what_to_do_first(as_user, alice, vera, track, address):
    assert "import_qrels small" in as_user(alice).get(address).content.decode()
    assert "import_qrels small" not in as_user(vera).get(address).content.decode()


def test_the_flow_of_shown_labels_stands_below(page, topics, documents, assessor_bob, judge):
    assert "What became of the suggestions" not in page()
    Judgment.objects.filter(assessor=assessor_bob).update(suggestion_grade=1, suggestion_by=judge)
    html = page()
    assert "What became of the suggestions" in html
    assert re.findall(r"(lowered|kept|raised) (\d+\.\d) %", html.split("flow-shares")[1]) == [
        ("lowered", "33.3"),
        ("kept", "66.7"),
        ("raised", "0.0"),
    ]


def test_the_number_of_queries_does_not_grow(
    as_user, vera, alice, address, graded, track, topics, documents, django_assert_num_queries
):
    as_user(vera).get(address)
    client = as_user(vera)
    with django_assert_num_queries(15):
        client.get(address, PAIR)
    for number in range(5):
        user = User.objects.create(username=f"more{number}")
        member_set(track=track, user=user, role="assessor", by=alice)
        own = Assessor.objects.get(track=track, user=user)
        Judgment.objects.bulk_create(
            Judgment(assessor=own, topic=topic, document=document, grade=number % 4, suggestion_grade=1)
            for topic in Topic.objects.all()
            for document in documents
        )
    with django_assert_num_queries(15):
        client.get(address, {"a": "more0", "b": "more2"})


def test_everything_that_was_said_is_downloaded_by_organizers(as_user, alice, track, graded):
    address = reverse("judgments_export", args=[track.slug])
    response = as_user(alice).get(address, {"format": "csv"})
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert response.headers["Content-Disposition"] == 'attachment; filename="small.judgments.csv"'
    assert (len(lines), lines[0].split(",")[0]) == (1 + 13, "assessor")
    assert as_user(alice).get(address).headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert as_user(alice).get(address, {"format": "xlsx"}).status_code == 404
    assert address in as_user(alice).get(reverse("assessors", args=[track.slug])).content.decode()


def test_every_two_kinds_of_assessors_have_their_words(track, alice, nist, judge, assessor_bob, topics, documents):
    gold = Assessor.objects.create(track=track, kind=Assessor.Kind.ADJUDICATED, name="gold")
    two = [(gold, "silver"), (nist, "trec"), (judge, "other")]
    extra = [Assessor.objects.create(track=track, kind=one.kind, name=name) for one, name in two]
    member_set(track=track, user=(dora := User.objects.create(username="dora")), role="assessor", by=alice)
    everyone = [gold, nist, judge, assessor_bob, track.assessors.get(user=dora), *extra]
    for one in everyone:
        Judgment.objects.get_or_create(assessor=one, topic=topics[0], document=documents[0], defaults={"grade": 1})
    met, _ = all_agreements(everyone, grades_by_all(everyone), list(track.grades.all()))
    assert {pair.kinds for pair in met} == set(KINDS) and len(KINDS) == 10
