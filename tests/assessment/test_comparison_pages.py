"""Several judges, terms, parts that take longer, files, and the pages behind the comparison."""

import csv
import io
import json

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse

from assessment.comparison_charts import difference_map
from assessment.domain.comparing import Terms
from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment
from assessment.selectors.comparisons import compare
from assessment.selectors.judges import judges_table
from assessment.selectors.sides import sides_of
from assessment.selectors.swaps import swap_passages, topic_comparison, topic_gaps

FEW = Terms(samples=50)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


def judged(track, name, topics, documents, grades):
    """An imported assessor with one list of grades a topic, for the first documents."""
    assessor = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name=name)
    Judgment.objects.bulk_create(
        Judgment(assessor=assessor, topic=topic, document=document, grade=grade)
        for topic, row in zip(topics, grades, strict=False)
        for document, grade in zip(documents, row, strict=False)
    )
    return assessor


@pytest.fixture
def umbrela(track, topics, documents):
    return judged(track, "umbrela", topics, documents, [[3, 3, 0], [1, 0, 0]])


@pytest.fixture
def contrary(track, topics, documents):
    """Likes what nist does not: it turns the two runs round."""
    return judged(track, "contrary", topics, documents, [[0, 0, 0, 3, 3, 3]])


@pytest.fixture
def address(track):
    return reverse("compare", args=[track.slug])


@pytest.fixture
def look(client, vera):
    client.force_login(vera)

    def look(address, **query):
        return client.get(address, query)

    return look


def test_the_map_has_a_cell_for_every_run_and_topic(track, runs, nist, umbrela):
    found = compare(track, nist, umbrela, "nDCG@10")
    spec = difference_map(found, {topic.qid: f"/{topic.qid}" for topic in found.topics})
    cells = spec["data"]["values"]
    assert [(cell["run"], cell["topic"]) for cell in cells] == [("up", "q1"), ("down", "q1")]
    scores = found.sides.scores
    for cell in cells:
        row = found.sides.tags.index(cell["run"])
        assert cell["manual"] == pytest.approx(scores["nist"][row, 0], abs=5e-5)
        assert cell["automatic"] == pytest.approx(scores["umbrela"][row, 0], abs=5e-5)
    low, high = spec["encoding"]["color"]["scale"]["domain"]
    assert low == -high < 0
    assert spec["transform"][1]["from"]["data"]["values"] == [{"topic": "q1", "url": "/q1"}]


def test_several_judges_stand_in_one_table_best_first(track, runs, nist, umbrela, contrary):
    rows = judges_table(sides_of(track, [nist, contrary, umbrela], "nDCG@10"), "nist", FEW)
    assert [row.name for row in rows] == ["umbrela", "contrary"]
    assert rows[0].to_best is None
    assert rows[1].to_best.delta == -2
    assert (rows[1].comparison.tau, rows[0].comparison.n_topics) == (-1, 1)


def test_the_command_takes_several_judges(track, runs, nist, umbrela, contrary, capsys):
    names = ["--automatic", "contrary", "--automatic", "umbrela"]
    call_command("compare", "small", "--manual", "nist", *names, "--samples", "50")
    printed = json.loads(capsys.readouterr().out)
    assert [row["judge"] for row in printed["judges"]] == ["umbrela", "contrary"]
    assert set(printed["judges"][1]["delta_tau"]) == {"delta", "low", "high"}
    assert [one["automatic"] for one in printed["comparisons"]] == ["umbrela", "contrary"]
    with pytest.raises(DomainError, match="leave it out of --automatic"):
        call_command("compare", "small", "--manual", "nist", "--automatic", "nist", "--automatic", "umbrela")


def test_runs_and_topics_may_be_left_out_and_are_named(track, runs, nist, umbrela, topics):
    found = compare(track, nist, umbrela, "nDCG@10", exclude=["down"], topics=topics[:1])
    assert ([row.tag for row in found.runs], found.excluded, found.tau) == (["up"], ["down"], None)
    assert "left out: down" in found.policies["runs"]
    with pytest.raises(DomainError, match="no run gone"):
        compare(track, nist, umbrela, "nDCG@10", exclude=["gone"])
    with pytest.raises(DomainError, match="nothing among the topics that were asked for"):
        compare(track, nist, umbrela, "nDCG@10", topics=topics[2:])


def test_every_run_may_be_left_out(look, runs, nist, umbrela, address):
    page = look(address, exclude=["up", "down"]).content.decode()
    assert "because every run is left out" in page
    assert "How each grades" in page
    assert "All figures" not in page


def test_a_measure_of_its_own_share_judged(look, runs, nist, umbrela, address):
    assert "Judged@10 by" in look(address, measure="Judged@10").content.decode()


def test_a_missing_topic_counts_as_zero_or_is_left_out(track, runs, nist, umbrela):
    runs[1].rankings.all().delete()
    as_zero = compare(track, nist, umbrela, "nDCG@10")
    assert (as_zero.n_runs, as_zero.n_missing) == (2, as_zero.n_topics)
    dropped = compare(track, nist, umbrela, "nDCG@10", terms=Terms(missing="drop"))
    assert dropped.excluded == [runs[1].tag]  # it has none of the topics, so there is nothing to average
    assert dropped.policies["missing scores"].startswith("a topic that a run lacks is left out")


def test_the_heavy_part_comes_after_the_page_and_is_then_remembered(look, runs, nist, umbrela, address):
    page = look(address).content.decode()
    assert 'hx-trigger="load"' in page
    assert "<progress" in page
    part = look(address, part="uncertainty").content.decode()
    assert "not a confidence interval" in part
    assert "<html" not in part
    assert "<progress" not in look(address).content.decode()


def test_everything_is_there_at_once_where_it_is_asked_for(look, runs, nist, umbrela, contrary, address):
    page = look(address, manual="nist", automatic=["umbrela", "contrary"], whole="1").content.decode()
    assert "<progress" not in page
    assert "2 automatic assessors beside nist" in page
    assert "not a confidence interval" in page


def test_another_judgment_is_another_answer(track, runs, nist, contrary):
    assert len(compare(track, nist, contrary, "nDCG@10", terms=FEW).uncertainty.swapped_pairs) == 1
    for judgment in contrary.judgments.all():
        judgment.grade = 3 - judgment.grade
        judgment.save()
    assert compare(track, nist, contrary, "nDCG@10", terms=FEW).uncertainty.swapped_pairs == []


def test_pages_behind_several_judges_keep_all_of_them(look, track, runs, nist, umbrela, contrary, address):
    """The topics are those that all have judged; a page behind must not count more."""
    page = look(address, manual="nist", automatic=["umbrela", "contrary"], shown="contrary", whole="1")
    ((_, url),) = page.context["swaps"]
    _, topic_url = page.context["topic_rows"][0]
    for one in (url, topic_url):
        assert "automatic=umbrela&automatic=contrary" in one
        assert "shown=contrary" in one
    swapped = look(url).content.decode()
    assert "contrary gives them" in swapped
    assert "automatic=umbrela&amp;automatic=contrary" in swapped  # the way back
    assert "contrary and nist order 2 runs" in look(topic_url).content.decode()


def test_what_a_part_links_to_is_not_a_part(look, runs, nist, umbrela, contrary, address):
    for part in ("judges", "uncertainty"):
        page = look(address, manual="nist", automatic=["umbrela", "contrary"], part=part)
        assert "part=" not in page.content.decode()
    table = look(address, manual="nist", automatic=["umbrela", "contrary"], csv="judges").content.decode().splitlines()
    assert table[0].startswith("judge,tau,")
    assert [line.split(",")[0] for line in table[1:]] == ["umbrela", "contrary"]
    assert look(address, manual="nist", automatic="umbrela", csv="judges").status_code == 404


def test_whoever_is_chosen_is_not_offered_once_more(look, runs, nist, umbrela, contrary, address):
    page = look(address, manual="nist", automatic=["umbrela", "contrary"]).content.decode()
    assert "Beside umbrela, in one table" in page
    assert 'value="contrary" checked' in page
    assert 'type="checkbox" name="automatic" value="umbrela"' not in page
    assert '<details class="compare-more" open>' in page


@pytest.mark.parametrize(
    ("table", "first"),
    [
        ("differences", ["run", "topic", "manual", "automatic", "difference"]),
        ("grades", ["grade", "manual", "automatic"]),
        ("figures", ["figure", "value", "meaning"]),
        ("swaps", ["better", "worse", "manual_gap"]),
    ],
)
def test_each_table_downloads(look, runs, nist, umbrela, address, table, first):
    rows = list(csv.reader(io.StringIO(look(address, csv=table).content.decode())))
    assert rows[0][: len(first)] == first
    assert look(address, csv="nothing").status_code == 404


@pytest.mark.parametrize("chart", ["scatter", "slopes", "topics", "grades", "differences"])
def test_each_chart_downloads_as_pdf(look, runs, nist, umbrela, address, chart):
    answer = look(address, chart=chart, format="pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"].endswith(f'{chart}.pdf"')


def test_a_chart_that_there_is_not_is_not_found_and_a_format_refused(look, runs, nist, umbrela, address):
    assert look(address, chart="pie").status_code == 404
    assert "not to be had as" in look(address, chart="scatter", format="gif").content.decode()
    assert look(address, chart="scatter", format="svg").content.startswith(b"<svg")


def test_a_topic_shows_every_run_under_both(look, track, runs, nist, umbrela, topics):
    sides = sides_of(track, [nist, umbrela], "P@2")
    found = topic_comparison(sides, "nist", "umbrela", topics[0].pk)
    assert [(row.tag, row.manual, row.automatic) for row in found.runs] == [("up", 1.0, 1.0), ("down", 0.0, 0.0)]
    assert found.tau == 1
    address = reverse("compare_topic", args=["small", topics[0].pk])
    page = look(address, measure="P@2").content.decode()
    assert "τ = 1.00" in page
    assert f"topic={topics[0].qid}#disagreements" in page
    other = look(reverse("compare_topic", args=["small", topics[2].pk])).content.decode()
    assert "have not both judged this topic" in other
    assert look(reverse("compare_topic", args=["small", 10**6])).status_code == 404


def test_a_swap_shows_its_topics_and_passages(look, track, runs, nist, contrary, topics, documents):
    sides = sides_of(track, [nist, contrary], "nDCG@10")
    up, down = (next(run for run in sides.runs if run.tag == tag) for tag in ("up", "down"))
    (gap,) = topic_gaps(sides, "nist", "contrary", up, down)
    assert gap.manual > 0 > gap.automatic
    passages = swap_passages(sides, "nist", "contrary", [up, down], gap.topic, 2)
    assert all(min(filter(None, (one.rank_a, one.rank_b))) <= 2 for one in passages)
    grades = {one.document.docid: (one.manual, one.automatic) for one in passages}
    first = documents[0]
    assert grades[first.docid] == (nist.judgments.get(topic=topics[0], document=first).grade, 0)
    address = reverse("compare_swap", args=["small"])
    page = look(address, manual="nist", automatic="contrary", a="up", b="down").content.decode()
    assert first.docid in page
    for wrong, said in (("up", "the same run twice"), ("sideways", "not among those that are compared")):
        answer = look(address, manual="nist", automatic="contrary", a="up", b=wrong)
        assert answer.status_code == 200
        assert said in answer.content.decode()
