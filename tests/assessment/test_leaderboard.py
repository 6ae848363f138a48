import csv
import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from scipy import stats

from assessment.domain.errors import DomainError
from assessment.models import Judgment, Run
from assessment.selectors.leaderboards import leaderboard, run_in_the_field
from assessment.selectors.matrices import score_matrix


def printed(capsys, *words) -> list[list[str]]:
    call_command("leaderboard", "small", *words)
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


def test_one_row_for_each_run_and_measure_spelt_as_asked(track, runs, nist, capsys):
    rows = printed(capsys, "--qrels", "nist", "--measures", "P@2,RR", "--format", "csv")
    assert rows[0] == ["run", "measure", "value"]
    assert rows[1:] == [
        ["down", "P@2", "0.00000000"],
        ["down", "RR", "0.20000000"],
        ["up", "P@2", "1.00000000"],
        ["up", "RR", "1.00000000"],
    ]


def test_per_topic_rows_hold_no_means(track, runs, nist, topics, documents, capsys):
    Judgment.objects.create(assessor=nist, topic=topics[2], document=documents[0], grade=1)
    rows = printed(capsys, "--assessor", "nist", "--measures", "RR", "--per-topic")
    assert rows == [
        ["run", "topic", "measure", "value"],
        ["down", "q1", "RR", "0.20000000"],
        ["down", "q3", "RR", "0.00000000"],
        ["up", "q1", "RR", "1.00000000"],
        ["up", "q3", "RR", "1.00000000"],
    ]


def test_json_holds_the_same_rows(track, runs, nist, capsys):
    call_command("leaderboard", "small", "--qrels", "nist", "--measures", "P@2", "--format", "json")
    assert json.loads(capsys.readouterr().out) == [
        {"run": "down", "measure": "P@2", "value": 0.0},
        {"run": "up", "measure": "P@2", "value": 1.0},
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "--qrels", "nist"], "There is no track 'nowhere'"),
        (["small", "--qrels", "trec"], "has no assessor 'trec'"),
        (["small", "--qrels", "nist", "--measures", "nDCG@10,ndcg_cut_10"], "'ndcg_cut_10' is not known"),
    ],
)
def test_the_command_refuses_with_a_sentence(track, runs, nist, words, sentence, capsys):
    with pytest.raises(DomainError, match=sentence):
        call_command("leaderboard", *words)
    assert capsys.readouterr().out == ""


def test_rows_stand_in_the_order_of_the_first_measure(track, runs, nist):
    board = leaderboard(track, nist, ["nDCG@10", "P@2"])
    assert [(row.rank, row.tag) for row in board.rows] == [(1, "up"), (2, "down")]
    assert board.judged == ["Judged@10", "Judged@2"]
    assert board.n_topics == 1
    # nist has graded d1 to d4 of six.
    assert [judged for _, judged in board.rows[0].scores] == [pytest.approx(4 / 6), 1.0]


def test_the_page_shows_means_and_what_was_judged(client, vera, runs, nist):
    client.force_login(vera)
    page = client.get(reverse("leaderboard", args=["small"]), {"measures": "P@2, RR"})
    text = " ".join(page.content.decode().split())
    assert "2 runs, means over the 1 topic that nist has judged" in text
    assert "Judged@2" in text
    assert "--qrels nist --measures P@2,RR --format csv" in text


def test_the_page_sorts_and_downloads(client, vera, runs, nist):
    client.force_login(vera)
    address = reverse("leaderboard", args=["small"])
    page = client.get(address, {"sort": "-rank", "measures": "P@2"})
    assert [row.tag for row, *_ in page.context["rows"]] == ["down", "up"]
    answer = client.get(address, {"measures": "P@2", "csv": "runs"})
    assert answer.content.decode().splitlines() == ["run,measure,value", "up,P@2,1.00000000", "down,P@2,0.00000000"]


def test_a_track_without_judgments_leads_to_an_import(client, alice, runs):
    client.force_login(alice)
    page = client.get(reverse("leaderboard", args=["small"])).content.decode()
    assert "No judgments yet" in page
    assert "import_qrels small FILE --assessor NAME" in page


def test_an_unknown_measure_is_answered_with_its_sentence(client, vera, runs, nist):
    client.force_login(vera)
    page = client.get(reverse("leaderboard", args=["small"]), {"measures": "F1"})
    assert "is not known. Known are" in page.content.decode()


# --- intervals, groups, filters


@pytest.fixture
def judged_twice(nist, topics, documents):
    """Another topic, so that there is a spread."""
    Judgment.objects.create(assessor=nist, topic=topics[2], document=documents[0], grade=1)


def test_rows_have_the_interval_of_their_mean_over_topics(track, runs, nist, judged_twice):
    found = leaderboard(track, nist, ["nDCG@10"])
    assert found.n_topics == 2
    evaluation = score_matrix(track, nist, ["nDCG@10"])
    checked = 0
    for row in found.rows:
        own = evaluation.scores["nDCG@10"][evaluation.runs.index(row.tag)]
        if own.std():
            low, _ = stats.t.interval(0.95, 1, loc=own.mean(), scale=stats.sem(own))
            assert row.scores[0][0] - row.reaches[0] == pytest.approx(low)
            checked += 1
    assert checked


def test_one_topic_has_no_interval_and_no_differences(track, runs, nist):
    found = leaderboard(track, nist, ["P@2"])
    assert [row.reaches for row in found.rows] == [[None], [None]]
    assert [row.group for row in found.rows] == ["a", "a"]
    assert found.n_significant == 0


def test_a_team_is_ranked_among_itself(track, runs, nist):
    Run.objects.filter(tag="down").update(team="orca", kind="manual")
    found = leaderboard(track, nist, ["P@2"], team="orca")
    assert [(row.rank, row.tag) for row in found.rows] == [(1, "down")]
    assert found.hidden == 1
    with pytest.raises(DomainError, match="No run is of that team and type"):
        leaderboard(track, nist, ["P@2"], team="orca", kind="automatic")


def test_the_page_filters_by_team_and_says_so(client, vera, track, runs, nist):
    Run.objects.filter(tag="down").update(team="orca")
    client.force_login(vera)
    page = client.get(reverse("leaderboard", args=["small"]), {"team": "orca"}).content.decode()
    assert "1 more left out by team or type" in page
    assert "<option selected>orca</option>" in page


@pytest.mark.parametrize("test", ["tukey", "t", "randomisation"])
def test_the_page_names_its_test(client, vera, track, runs, nist, test):
    client.force_login(vera)
    page = client.get(reverse("leaderboard", args=["small"]), {"test": test})
    assert page.context["board"].tests.method in page.content.decode()


def test_the_intervals_download_as_csv_and_the_chart_as_pdf(client, vera, track, runs, nist):
    client.force_login(vera)
    address = reverse("leaderboard", args=["small"])
    rows = list(csv.reader(io.StringIO(client.get(address, {"csv": "intervals", "measures": "P@2"}).content.decode())))
    assert rows[0] == ["run", "team", "type", "rank", "group", "measure", "value", "low", "high", "judged"]
    assert rows[1] == ["up", "", "", "1", "a", "P@2", "1.00000000", "", "", "1.0000"]
    chart = client.get(address, {"chart": "runs"})
    assert chart["Content-Type"] == "application/pdf"
    assert chart.content.startswith(b"%PDF")


def test_one_run_stands_against_the_field_topic_by_topic(client, vera, track, runs, nist):
    down = next(run for run in runs if run.tag == "down")
    (one,) = run_in_the_field(track, nist, down, "P@2")
    assert (one.topic.qid, one.score, one.median, one.best, one.rank, one.gap) == ("q1", 0.0, 0.5, 1.0, 2, -0.5)
    client.force_login(vera)
    address = reverse("leaderboard_run", args=["small", down.pk])
    page = client.get(address, {"measure": "P@2"}).content.decode()
    assert "Below the median of all runs on <strong>1</strong> of 1 topic" in page
    assert "python3 manage.py leaderboard small --qrels nist --measures P@2 --per-topic" in page
    assert "is not known. Known are" in client.get(address, {"measure": "F1"}).content.decode()
    lines = client.get(address, {"measure": "P@2", "csv": "topics"}).content.decode().splitlines()
    assert lines[1].startswith("q1,0.00000000,0.50000000,1.00000000,2,")
