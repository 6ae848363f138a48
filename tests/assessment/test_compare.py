import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from assessment.charts import confusion_rows, rank_slopes, run_scatter, spread, topic_dots
from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment
from assessment.selectors.comparisons import compare


@pytest.fixture
def umbrela(track, topics, documents):
    """Like nist on the first topic, but one grade more lenient on d2; also judges the third, which nist does not."""
    umbrela = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="umbrela")
    Judgment.objects.bulk_create(
        Judgment(assessor=umbrela, topic=topics[0], document=document, grade=grade)
        for document, grade in zip(documents, [3, 3, 0], strict=False)
    )
    Judgment.objects.create(assessor=umbrela, topic=topics[2], document=documents[0], grade=1)
    return umbrela


@pytest.fixture
def comparison(track, runs, nist, umbrela):
    return compare(track, nist, umbrela, "nDCG@10")


def test_only_topics_that_both_judged_count(comparison):
    assert comparison.n_topics == 1
    assert comparison.n_topics_automatic_only == 1
    assert comparison.n_topics_manual_only == 0
    assert [row.qid for row in comparison.topics] == ["q1"]


def test_agreement_is_over_the_pairs_that_both_graded(comparison):
    assert (comparison.n_pairs, comparison.n_pairs_manual, comparison.n_pairs_automatic) == (3, 4, 3)
    assert comparison.confusion == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert comparison.exact == pytest.approx(2 / 3)
    assert comparison.grade_bias == pytest.approx(1 / 3)
    assert comparison.kappa == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))
    assert comparison.topics[0].n_pairs == 3


def test_runs_stand_in_the_manual_order_with_both_ranks(comparison):
    assert [(row.tag, row.manual_rank, row.automatic_rank, row.change) for row in comparison.runs] == [
        ("up", 1, 1, 0),
        ("down", 2, 2, 0),
    ]
    assert comparison.tau == comparison.tau_pooled == comparison.tau_per_topic_mean == 1.0
    assert comparison.largest_change is None


def test_a_judge_that_judged_less_is_called_partial(comparison, track, nist, umbrela):
    assert comparison.is_partial
    assert not compare(track, umbrela, umbrela, "nDCG@10").is_partial


def test_what_is_undefined_is_none_and_never_nan(track, runs, nist, documents, topics):
    flat = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="flat")
    Judgment.objects.create(assessor=flat, topic=topics[0], document=documents[5], grade=0)
    comparison = compare(track, nist, flat, "nDCG@10")
    assert (comparison.tau, comparison.tau_per_topic_mean, comparison.tau_pooled) == (None, None, None)
    assert comparison.tau_per_topic_undefined == 1
    assert (comparison.n_pairs, comparison.kappa, comparison.exact, comparison.grade_bias) == (0, None, None, None)
    json.dumps(comparison.as_dict(), allow_nan=False)


def test_without_runs_the_labels_are_compared_all_the_same(client, vera, track, nist, umbrela, address):
    found = compare(track, nist, umbrela, "nDCG@10")
    assert (found.n_runs, found.tau, found.bias, found.n_pairs) == (0, None, None, 3)
    json.dumps(found.as_dict(), allow_nan=False)
    client.force_login(vera)
    page = client.get(address).content.decode()
    assert "because the track has no runs yet" in page
    assert page.count("data-chart=") == 1  # the grades
    assert "How each grades" in page


def test_assessors_without_a_common_topic_are_refused(track, runs, nist, topics, documents):
    other = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="other")
    Judgment.objects.create(assessor=other, topic=topics[1], document=documents[0], grade=1)
    with pytest.raises(DomainError, match="nist and other have not judged any topic in common"):
        compare(track, nist, other, "nDCG@10")


def test_an_unknown_measure_is_refused_with_those_that_are_known(track, runs, nist, umbrela):
    with pytest.raises(DomainError, match=r"nDCG@k, P@k"):
        compare(track, nist, umbrela, "NDCG@10")


def test_judged_depth_follows_the_measure(track, runs, nist, umbrela):
    assert compare(track, nist, umbrela, "P@2").judged_depth == 2
    row = compare(track, nist, umbrela, "AP").runs[0]
    assert (row.tag, row.manual_judged, row.automatic_judged) == ("up", pytest.approx(4 / 6), pytest.approx(3 / 6))


def test_the_number_of_queries_is_fixed(track, runs, nist, umbrela, django_assert_num_queries):
    # Runs, topics of rankings and of both grades, the scale, and the names of runs and topics for the tables.
    with django_assert_num_queries(7):
        compare(track, nist, umbrela, "nDCG@10")


# --- the command


def test_the_command_prints_json_and_nothing_else(track, runs, nist, umbrela, capsys):
    call_command(
        "compare", "small", "--manual", "nist", "--automatic", "umbrela", "--measure", "P@2", "--format", "json"
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed["n_runs"] == 2
    assert printed["measure"] == "P@2"
    assert printed["confusion"] == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert printed["runs"][0]["tag"] == "up"
    assert printed["grades"][0] == {"value": 0, "label": track.grades.get(value=0).label}
    assert {"tau", "tau_per_topic_mean", "tau_per_topic_undefined", "tau_pooled", "kappa", "n_pairs"} <= set(printed)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "--manual", "nist", "--automatic", "umbrela"], "There is no track 'nowhere'"),
        (["small", "--manual", "trec", "--automatic", "umbrela"], "has no assessor 'trec'"),
        (["small", "--manual", "nist", "--automatic", "umbrela", "--measure", "F1"], "'F1' is not known"),
    ],
)
def test_the_command_refuses_with_a_sentence(track, runs, nist, umbrela, words, sentence):
    with pytest.raises(DomainError, match=sentence):
        call_command("compare", *words)


# --- the page


@pytest.fixture
def address(track):
    return reverse("compare", args=[track.slug])


@pytest.mark.parametrize(
    ("person", "status"), [("alice", 200), ("vera", 200), ("admin", 200), ("bob", 404), ("charlie", 404)]
)
@pytest.mark.parametrize("page", ["compare", "leaderboard"])
def test_organizers_and_viewers_read_results(client, request, comparison, person, status, page):
    client.force_login(request.getfixturevalue(person))
    assert client.get(reverse(page, args=["small"])).status_code == status


@pytest.mark.parametrize("page", ["compare", "leaderboard"])
def test_nobody_reads_results_without_logging_in(client, comparison, page):
    answer = client.get(reverse(page, args=["small"]))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("login"))


def test_the_page_states_the_finding_and_every_n(client, vera, comparison, address):
    client.force_login(vera)
    page = client.get(address).content.decode()
    text = " ".join(page.split())
    assert "2 runs, 1 topic, nDCG@10:" in text
    assert "<strong>τ = 1.00</strong>" in text
    assert "umbrela has judged 3 of the 4 pairs that nist judged" in text
    assert "n = 3 pairs judged by both" in text
    assert "python3 manage.py compare small --manual nist --automatic umbrela --measure nDCG@10 --format json" in text


def test_htmx_gets_the_result_alone(client, vera, comparison, address, track):
    client.force_login(vera)
    fragment = client.get(address, {"measure": "P@2"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith(f'<div class="stack stack-loose" id="comparison-{track.pk}"')
    assert "P@2" in fragment
    assert "<html" not in fragment


def test_a_wrong_choice_is_answered_with_its_sentence(client, vera, comparison, address):
    client.force_login(vera)
    page = client.get(address, {"manual": "nobody"})
    assert page.status_code == 200
    assert "Nobody called nobody has judged in this track" in page.content.decode()
    assert "is not known. Known are" in client.get(address, {"measure": "F1"}).content.decode()


def test_an_llm_is_the_automatic_side_by_default(client, vera, comparison, address, judge, topics, documents):
    Judgment.objects.create(assessor=judge, topic=topics[0], document=documents[0], grade=3)
    client.force_login(vera)
    choice = client.get(address).context["choice"]
    assert (choice.manual, choice.automatic, choice.measure) == ("nist", "lexical", "nDCG@10")


def test_the_page_follows_a_judge_that_is_still_at_work(client, vera, comparison, address, judge, topics, documents):
    judgment = Judgment.objects.create(assessor=judge, topic=topics[0], document=documents[0], grade=3)
    client.force_login(vera)
    assert 'hx-trigger="every 10s"' in client.get(address).content.decode()
    judgment.updated_at = timezone.now() - timedelta(minutes=5)
    judgment.save()
    assert 'hx-trigger="every 10s"' not in client.get(address).content.decode()


def test_what_is_to_be_known_of_a_judge_stands_beside_its_figures(client, vera, comparison, umbrela, address):
    umbrela.caveat = "No better than chance."
    umbrela.save()
    client.force_login(vera)
    assert "<strong>umbrela:</strong> No better than chance." in client.get(address).content.decode()


def test_one_assessor_alone_leads_to_an_import(client, alice, runs, nist, address):
    client.force_login(alice)
    page = client.get(address).content.decode()
    assert "Two assessors are needed" in page
    assert "import_qrels small FILE --assessor NAME" in page


def test_the_table_sorts_by_its_links(client, vera, comparison, address):
    client.force_login(vera)
    page = client.get(address, {"sort": "-manual"})
    assert [row.tag for row in page.context["rows"]] == ["down", "up"]
    sorted_by = [column for column in page.context["columns"] if column.direction]
    assert [column.direction for column in sorted_by] == ["descending"]
    assert "sort=manual" in sorted_by[0].url


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("runs", [["tag", "team", "manual"], ["up", "", "1.0"]]),
        ("topics", [["topic", "tau", "pairs"], ["q1", "1.0", "3"]]),
        ("confusion", [["manual", "0", "1"], ["0", "1", "0"]]),
    ],
)
def test_tables_download_as_csv(client, vera, comparison, address, table, rows):
    client.force_login(vera)
    answer = client.get(address, {"csv": table})
    assert f"-{table}.csv" in answer["Content-Disposition"]
    read = list(csv.reader(io.StringIO(answer.content.decode())))
    assert [row[:3] for row in read[:2]] == rows


# --- the charts


def test_charts_carry_every_run_and_topic(comparison):
    assert {value["run"] for value in run_scatter(comparison)["data"]["values"]} == {"up", "down"}
    assert [(value["run"], value["rank"]) for value in rank_slopes(comparison)["data"]["values"]] == [
        ("up", 1),
        ("up", 1),
        ("down", 2),
        ("down", 2),
    ]
    assert [value["tau"] for value in topic_dots(comparison)["data"]["values"]] == [1.0]


def test_confusion_is_shaded_by_the_share_of_its_row(comparison):
    rows = confusion_rows(comparison.grades, comparison.confusion)
    assert [cell.share for cell in rows[1].cells] == [None] * 4
    assert [cell.shade for cell in rows[2].cells] == [0, 0, 0, 4]
    assert [cell.exact for cell in rows[2].cells] == [False, False, True, False]


def test_names_in_a_chart_are_spread_until_they_can_be_read():
    assert spread([1.0, 5.0], gap=2) == [1.0, 5.0]
    assert spread([1.0, 1.0], gap=2) == [0.0, 2.0]
    assert spread([1.0, 1.0, 2.5], gap=1) == [0.5, 1.5, 2.5]
    assert spread([], gap=1) == []
