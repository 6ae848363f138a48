"""The dashboard on the shipped TREC data, in a real browser under the real Content-Security-Policy."""

import pytest
from playwright.sync_api import expect

from assessment.models import Assessor, Judgment, User
from tests.assessment.dl21 import UMBRELA, load_dl21

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

ADDRESS = "/tracks/dl21/compare/"


@pytest.fixture
def dl21(db):
    alice = User.objects.create(username="alice", may_create_tracks=True)
    return load_dl21("dl21", created_by=alice)


@pytest.fixture
def open_dashboard(dl21, client, new_page, live_server):
    """Opens the comparison as alice; the browser's own fixture fails on any console or policy error."""

    def open_it(**options):
        client.force_login(User.objects.get(username="alice"))
        page = new_page(**options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(ADDRESS)
        return page

    return open_it


def points(page, chart):
    return page.locator(f".chart-plot-{chart} .mark-symbol path")


def test_all_charts_are_drawn_with_their_marks(open_dashboard):
    page = open_dashboard()
    expect(page.locator("figure[data-drawn]")).to_have_count(5)
    expect(page.locator(".chart-plot-differences canvas")).to_have_count(1)
    expect(page.locator(".chart-plot-grades .mark-rect path")).to_have_count(8)
    expect(points(page, "scatter")).to_have_count(63)
    expect(points(page, "slopes")).to_have_count(2 * 63)
    expect(points(page, "topics")).to_have_count(53)
    expect(page.locator(".compare-finding")).to_contain_text("τ = 0.94")
    scatter = page.get_by_role("img", name="Scatter of runs: score by the manual and by the automatic assessor")
    expect(scatter).to_have_count(1)
    page.set_viewport_size({"width": 1024, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth <= 1024")  # once the charts have followed


def test_another_measure_swaps_the_result_and_draws_it_again(open_dashboard):
    page = open_dashboard()
    page.get_by_label("Measure").fill("P@5")
    page.get_by_label("Measure").press("Enter")
    expect(page.locator(".compare-finding")).to_contain_text("P@5")
    expect(points(page, "scatter")).to_have_count(63)
    assert "measure=P%405" in page.url
    page.get_by_label("Measure").fill("AP")
    page.get_by_label("Measure").press("Enter")
    expect(page.locator(".compare-finding")).to_contain_text("AP")
    page.go_back()
    expect(page.locator(".compare-finding")).to_contain_text("P@5")
    expect(points(page, "scatter")).to_have_count(63)
    expect(page.get_by_label("Measure")).to_have_value("P@5")  # the control says what the page shows
    page.go_back()
    expect(page.locator(".compare-finding")).to_contain_text("nDCG@10")


def test_a_point_tells_its_run_and_leads_to_it(open_dashboard):
    page = open_dashboard()
    point = page.locator(".chart-plot-scatter path[aria-label=uogTrPCP]")
    point.hover()
    expect(page.locator("#chart-tooltip")).to_contain_text("uogTrPCP")
    expect(page.locator("#chart-tooltip")).to_contain_text("nDCG@10, nist")
    point.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("uogTrPCP")


def test_the_theme_recolours_the_charts(open_dashboard):
    page = open_dashboard(color_scheme="light")
    colour = "el => el.getAttribute('fill')"
    expect(points(page, "scatter")).to_have_count(63)
    light = points(page, "scatter").first.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "light => document.querySelector('.chart-plot-scatter .mark-symbol path')?.getAttribute('fill') !== light",
        arg=light,
    )


def test_a_chart_downloads_as_a_figure_for_a_paper(open_dashboard, tmp_path):
    page = open_dashboard(color_scheme="dark")
    expect(points(page, "scatter")).to_have_count(63)
    for format in ("svg", "png"):
        with page.expect_download() as started:
            page.locator("figure", has=page.locator(".chart-plot-scatter")).locator(f"[data-download={format}]").click()
        assert started.value.suggested_filename == f"dl21-nist-umbrela-gpt-4o-nDCG10-scores.{format}"
        started.value.save_as(tmp_path / format)
    with page.expect_download() as started:
        page.locator("figure", has=page.locator(".chart-plot-differences")).get_by_role("link", name="PDF").click()
    started.value.save_as(tmp_path / "pdf")
    assert (tmp_path / "pdf").read_bytes().startswith(b"%PDF")
    # The light palette on white, though the page is dark.
    svg = (tmp_path / "svg").read_text()
    assert "#0b5d61" in svg
    assert 'fill="white"' in svg
    png = (tmp_path / "png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000


def test_every_run_is_named_on_demand(open_dashboard):
    page = open_dashboard()
    names = page.locator(".chart-plot-scatter .mark-text text")
    expect(points(page, "scatter")).to_have_count(63)
    few = names.count()
    page.get_by_label("names of all runs").check()
    expect(names).to_have_count(few + 63)


def test_the_uncertainty_arrives_and_a_swap_leads_to_its_passages(open_dashboard):
    page = open_dashboard()
    expect(page.get_by_role("heading", name="How firmly these figures stand")).to_be_visible()
    expect(page.get_by_text("Stability under topic resampling")).to_be_visible()
    page.locator(".compare-uncertainty tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Two runs")
    expect(page.locator("#passages tbody tr").first).to_contain_text("msmarco_passage")
    page.get_by_role("link", name="Back to the comparison").click()
    expect(page.locator(".compare-finding")).to_contain_text("τ = 0.94")


def test_another_judge_takes_the_place_of_the_first_or_stands_beside_it(dl21, open_dashboard):
    noisy = Assessor.objects.create(track=dl21, kind=Assessor.Kind.IMPORTED, name="noisy")
    given = Judgment.objects.filter(assessor__name=UMBRELA).order_by("pk")[:4000]
    Judgment.objects.bulk_create(
        Judgment(assessor=noisy, topic_id=one.topic_id, document_id=one.document_id, grade=(one.grade + place % 2) % 4)
        for place, one in enumerate(given)
    )
    page = open_dashboard()
    page.get_by_label("Automatic", exact=True).select_option("noisy")
    expect(page.locator(".compare-finding")).to_contain_text("noisy and nist")
    expect(page.locator(".compare-judges")).to_have_count(0)
    page.get_by_text("More judges, topics, runs and terms").click()
    page.get_by_role("checkbox", name=UMBRELA).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="2 automatic assessors beside nist")).to_be_visible()
    rows = page.locator(".compare-judges tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(UMBRELA)
    expect(rows.first).to_contain_text("best")
    rows.first.get_by_role("link").click()
    expect(page.locator(".compare-finding")).to_contain_text(f"{UMBRELA} and nist")


def test_a_dot_opens_its_topic(open_dashboard):
    page = open_dashboard()
    points(page, "topics").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Topic")
    expect(points(page, "scatter")).to_have_count(63)


def test_the_page_works_without_scripts(open_dashboard):
    page = open_dashboard(java_script_enabled=False)
    page.get_by_label("Measure").fill("AP")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".compare-finding")).to_contain_text("AP")
    expect(page.locator(".table-runs tbody tr")).to_have_count(63)
