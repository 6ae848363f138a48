"""A campaign is set up in the browser: from nothing to an assessor who has something to judge."""

import io
import re

import pytest
from playwright.sync_api import expect

from assessment.models import Pool, Run, Track, User
from assessment.services.imports import run_import, topics_import
from assessment.services.pools import pool_create
from assessment.services.tracks import track_create

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-Long-enough-1"
TOPICS = "q1\twhy is the sky blue\nq2\thow do magnets work\n"
DOCUMENTS = "".join(
    f'{{"docid": "d{n}", "title": "Title {n}", "segment": "Passage number {n}."}}\n' for n in range(1, 5)
)


@pytest.fixture
def people():
    User.objects.create_user("alice", password=PASSWORD, may_create_tracks=True)
    User.objects.create_user("bob", password=PASSWORD)


def run_text(tag, docids):
    rows = [(topic, docid, rank) for topic in ("q1", "q2") for rank, docid in enumerate(docids, 1)]
    return "".join(f"{topic} Q0 {docid} {rank} {10 - rank} {tag}\n" for topic, docid, rank in rows)


def log_in(page, name):
    page.goto("/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/")


def upload(page, *files):
    """Chooses (name, text) files and waits for the report of each."""
    payload = [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in files]
    page.get_by_label("Files", exact=True).set_input_files(payload)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".upload-report")).to_have_count(len(files))


def open_tab(page, name):
    page.get_by_role("navigation", name="Moon landings").get_by_role("link", name=name, exact=True).click()


def make_track(page):
    page.get_by_role("link", name="Create a track").click()
    page.get_by_label("Name", exact=True).fill("Moon landings")
    page.get_by_label("Short name").fill("moon")
    page.get_by_label("Start from").select_option("0-2")
    page.get_by_role("button", name="Fill in").click()
    expect(page.get_by_label("Label, row 3")).to_have_value("relevant")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Moon landings")
    page.get_by_role("button", name="Create the track").click()
    expect(page.get_by_role("heading", name="Load the topics")).to_be_visible()


def load_everything(page):
    open_tab(page, "Topics")
    upload(page, ("topics.tsv", TOPICS))
    expect(page.get_by_role("rowheader", name="q2")).to_be_visible()
    open_tab(page, "Documents")
    upload(page, ("segments.jsonl", DOCUMENTS))
    expect(page.get_by_text("4, 4 of them with text")).to_be_visible()


def refuse_a_bad_run(page):
    """Two bad lines: both are named, and nothing is stored."""
    open_tab(page, "Runs")
    lines = run_text("broken", ["d1", "d2"]).splitlines()
    lines[1] = "q1 Q0 d2 2 high broken"
    lines[3] = "q2 Q0 d2 broken"
    upload(page, ("broken.txt", "\n".join(lines) + "\n"))
    report = page.locator(".upload-report")
    expect(report).to_have_attribute("data-colour", "bad")
    expect(report.get_by_role("listitem").filter(has_text="line 2")).to_contain_text("high")
    expect(report.get_by_role("listitem").filter(has_text="line 4")).to_be_visible()
    assert not Run.objects.exists()


def load_good_runs(page):
    upload(page, ("a.txt", run_text("up", ["d1", "d2", "d3"])), ("b.txt", run_text("down", ["d4", "d3", "d2"])))
    expect(page.locator(".upload-report[data-colour=ok]")).to_have_count(2)
    page.get_by_role("link", name="down").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Title 4")
    page.go_back()


def make_pool(page):
    open_tab(page, "Pools")
    size = page.locator("#pool-preview .pool-size")
    page.get_by_label("Depth").fill("2")
    expect(size).to_have_text("8 pairs to judge")
    page.get_by_role("button", name="none").click()
    expect(page.locator("#pool-preview")).to_contain_text("tick it")
    page.get_by_role("button", name="all").click()
    expect(size).to_have_text("8 pairs to judge")
    page.get_by_role("button", name="Make the pool").click()
    expect(page.get_by_role("heading", name="pool-2")).to_be_visible()


def add_bob(page):
    open_tab(page, "People")
    form = page.locator("section", has=page.get_by_role("heading", name="Add somebody"))
    form.get_by_label("Username").fill("bob")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("rowheader", name="bob")).to_be_visible()


def give_bob_the_duty(page):
    open_tab(page, "Pools")
    page.get_by_role("link", name="pool-2").click()
    page.get_by_label("Person", exact=True).select_option(label="bob")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator(".person")).to_contain_text(re.compile(r"0\s+of 8 judged"))


def test_alice_sets_a_campaign_up_and_bob_finds_his_work(people, page, new_page, allowed_console_errors):
    log_in(page, "alice")
    make_track(page)
    load_everything(page)
    refuse_a_bad_run(page)
    load_good_runs(page)
    make_pool(page)
    add_bob(page)
    give_bob_the_duty(page)
    assert Pool.objects.get().items.count() == 8

    bob = new_page()
    log_in(bob, "bob")
    expect(bob.get_by_role("heading", name="pool-2")).to_be_visible()
    expect(bob.locator(".work")).to_contain_text("0 of 8 judged")
    allowed_console_errors.append("404")
    assert bob.goto("/tracks/moon/pools/").status == 404


def test_a_track_can_be_made_without_scripts(people, new_page):
    page = new_page(java_script_enabled=False)
    log_in(page, "alice")
    make_track(page)
    open_tab(page, "Topics")
    upload(page, ("topics.tsv", TOPICS))
    assert Track.objects.get().topics.count() == 2


def test_long_lists_of_problems_can_be_kept_as_a_file(people, page):
    log_in(page, "alice")
    make_track(page)
    open_tab(page, "Topics")
    upload(page, ("bad.tsv", "no tab here\n" * 250))
    expect(page.locator(".file-errors li")).to_have_count(100)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download all 250").click()
    text = caught.value.path().read_text()
    assert caught.value.suggested_filename == "bad.tsv.problems.txt"
    assert text.count("\n") == 250
    assert "line 250:" in text


@pytest.fixture
def campaign(people):
    """alice's track: `up` returns d1, d2, d3 for both topics and `down` d4, d3, d2; a pool of the first of `up`."""
    alice = User.objects.get(username="alice")
    track = track_create(slug="moon", name="Moon", scale=range(2), created_by=alice)
    topics_import(track=track, source=io.BytesIO(TOPICS.encode()), name="topics.tsv")
    for tag, docids in (("up", ["d1", "d2", "d3"]), ("down", ["d4", "d3", "d2"])):
        run_import(track=track, source=io.BytesIO(run_text(tag, docids).encode()), name=tag)
    return pool_create(track=track, name="first", depth=1, runs=[track.runs.get(tag="up")])


def test_alice_adds_a_run_to_a_pool_and_sees_before_what_is_new(campaign, page):
    log_in(page, "alice")
    page.goto(f"/tracks/moon/pools/{campaign.pk}/")
    section = page.get_by_role("region", name="Add runs")
    growth = section.locator("#pool-growth")
    section.get_by_role("checkbox", name="down").check()
    expect(growth).to_contain_text("2 new pairs to judge")
    section.get_by_label("How deep: down").fill("3")
    expect(growth).to_contain_text("6 new pairs to judge")
    section.get_by_label("How deep: down").fill("0")
    expect(growth).to_contain_text("The depth of down is a whole number")
    section.get_by_label("How deep: down").fill("2")
    expect(growth).to_contain_text("4 new pairs to judge")
    section.get_by_role("button", name="Add to the pool").click()
    expect(page.locator(".page")).to_contain_text("6 pairs of 2 topics: the first 1 to 2 of 2 runs")
    expect(section).to_contain_text("All runs of the track are in the pool.")


def test_alice_shares_a_pool_out_and_gives_a_run_a_depth_of_its_own(campaign, page):
    log_in(page, "alice")
    page.goto("/tracks/moon/pools/")
    size = page.locator("#pool-preview .pool-size")
    page.get_by_label("Depth").fill("1")
    expect(size).to_have_text("4 pairs to judge")
    page.get_by_label("How deep: up").fill("3")
    expect(size).to_have_text("8 pairs to judge")
    page.get_by_label("Order").select_option(label="move-to-front")
    expect(page.get_by_label("One more for")).to_be_hidden()
    page.get_by_label("Each passage is judged by").select_option(label="a number of people, who share the passages")
    page.get_by_label("One more for").fill("10")
    page.get_by_label("Name").fill("shared")
    page.get_by_role("button", name="Make the pool").click()
    expect(page.locator(".pool-terms")).to_contain_text("what is asked next depends on the grades so far")
    expect(page.locator(".pool-terms")).to_contain_text("judged by one person")
    pool = Pool.objects.get(name="shared")
    assert (pool.items.count(), pool.quota, pool.overlap_percent, pool.order) == (8, 1, 10, "move_to_front")
