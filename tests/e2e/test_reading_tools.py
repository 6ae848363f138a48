"""Notes, evidence and scan terms in a real browser: kept through everything, and in the right places of the text."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Document, Judgment, JudgmentEvent, ScanTerms
from tests.e2e.judging_steps import begin, expect_passage, expect_saved, grades
from tests.e2e.test_accessibility import GRAVE, RULES
from tests.factories import make_duty, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# Outside the basic plane, marks that combine, right-to-left, carriage returns, words of the query in <mark>.
TEXT = (
    "Rain 🌈🌈 and light. The blue sky 👩‍🔬 scatters Cafe\u0301 light.\r\nIt goes on.\r\n\r\n  \r\n"
    "השמיים כחולים מאוד. אור כחול מתפזר.\r\n\r\nLast one 🌍 here. Sky light."
)
PICK = """([from, to]) => {
  const ends = [from, to].map(({ words, after }) => {
    for (const block of document.querySelectorAll(".passage-text p")) {
      const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
      for (let node; (node = walker.nextNode()); ) {
        const at = node.data.indexOf(words);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + words.length);
        const boxes = range.getClientRects();
        const box = after ? boxes[boxes.length - 1] : boxes[0];
        const rightward = /[A-Za-z]/.test(words);
        return { x: rightward === after ? box.right - 0.5 : box.left + 0.5, y: (box.top + box.bottom) / 2 };
      }
    }
  });
  return ends;
}"""


@pytest.fixture
def duty():
    pool = make_pool(make_track(), size=6)
    Document.objects.filter(pk=pool.items.get(position=1).document_id).update(text=TEXT)
    return make_duty(pool, make_user("bob"))


def select(page, first, last):
    """Drags the mouse from the beginning of the words `first` to the end of the words `last`."""
    ends = page.evaluate(PICK, [{"words": first, "after": False}, {"words": last, "after": True}])
    page.mouse.move(ends[0]["x"], ends[0]["y"])
    page.mouse.down()
    page.mouse.move(ends[1]["x"], ends[1]["y"], steps=8)
    page.mouse.up()


def evidence() -> list[str]:
    """The stored evidence of the first passage; each span holds what the text has at its place."""
    spans = Judgment.objects.get(document__docid="q1-d1").evidence or []
    for span in spans:
        assert TEXT[span["start"] : span["end"]] == span["text"]
    return [span["text"] for span in spans]


def listed(page) -> list[str]:
    return page.locator("#evidence-list q").all_text_contents()


def painted(page, name) -> list[str]:
    return page.evaluate(f"[...CSS.highlights.get('{name}') ?? []].map(String)")


def grave(page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in GRAVE]


def scan_for(page, words):
    page.keyboard.press("/")
    expect(page.locator("#scan-terms")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("#scan-window")).to_be_hidden()


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("🌈🌈 and", "and light.", "🌈🌈 and light."),
        ("👩‍🔬 scatters", "Cafe\u0301", "👩‍🔬 scatters Cafe\u0301"),
        ("goes", "goes on", "goes on"),
        ("כחולים", "מאוד", "כחולים מאוד"),
        ("scatters", "goes on.", "scatters Cafe\u0301 light.\r\nIt goes on."),
        ("here.", "here.", "here."),
    ],
)
def test_what_the_mouse_selects_is_stored_with_its_place_in_the_text(page, duty, first, last, words):
    begin(page, duty)
    select(page, first, last)
    page.click("#evidence-float")
    expect(page.locator("#evidence-float")).to_be_hidden()
    assert [each.split() for each in listed(page)] == [words.split()]
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert evidence() == [words] and grades(duty)[0] == 2


def test_a_selection_over_paragraphs_is_one_span_and_e_takes_it(page, duty):
    begin(page, duty)
    # A drag through a line that runs the other way depends on the browser: the selection is set as such.
    page.evaluate(
        """() => {
          const [one, , three] = document.querySelectorAll(".passage-text p");
          getSelection().setBaseAndExtent(one, 0, three, three.childNodes.length);
        }"""
    )
    page.keyboard.press("e")
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert evidence() == [TEXT.strip()]


def test_evidence_is_painted_listed_removed_and_what_overlaps_becomes_one(page, duty):
    begin(page, duty)
    for first, last in (("Rain", "and"), ("light. The", "light. The"), ("Last", "one")):
        select(page, first, last)
        page.keyboard.press("e")
    expect(page.locator("#evidence-count")).to_have_text("3")
    select(page, "and", "light. The")
    page.keyboard.press("e")
    assert listed(page) == ["Rain 🌈🌈 and light. The", "Last one"]
    assert painted(page, "evidence") == ["Rain 🌈🌈 and light. The", "Last one"]
    page.get_by_role("button", name="Remove: Rain").click()
    assert listed(page) == painted(page, "evidence") == ["Last one"]
    expect(page.get_by_role("button", name="Remove: Last")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#findings")).to_be_hidden()
    expect(page.locator("#evidence-button")).to_be_focused()
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert evidence() == []


def test_sentences_are_marked_by_keyboard_alone(page, duty):
    begin(page, duty)
    page.keyboard.press("e")
    expect(page.locator("#picking-words")).to_have_text("Sentence 1 of 7")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#picking-words")).to_have_text("Sentence 2 of 7, marked")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert painted(page, "picking") == ["It goes on."]
    page.keyboard.press("Escape")
    expect(page.locator("#picking")).to_be_hidden()
    expect_passage(page, duty, 1)
    page.keyboard.press("3")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert evidence() == ["The blue sky 👩‍🔬 scatters Cafe\u0301 light.", "השמיים כחולים מאוד."]


def test_a_grade_key_ends_picking_and_grades(page, duty):
    begin(page, duty)
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    expect(page.locator("#picking")).to_be_hidden()
    expect_saved(page)
    assert evidence() == ["Rain 🌈🌈 and light."] and grades(duty)[0] == 2


def test_a_note_survives_a_reload_and_goes_with_the_next_grade(page, duty):
    begin(page, duty)
    page.keyboard.press("m")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("1 of 2: only in part, see u and x")
    page.goto(reverse("duty", args=[duty.pk]))
    expect_passage(page, duty, 1)
    expect(page.locator("#note-words")).to_have_text("1 of 2: only in part, see u and x")
    expect(page.locator("#entries [data-noted]")).to_have_count(1)
    assert not Judgment.objects.exists()
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect(page.locator("#note-words")).to_be_hidden()
    expect(page.locator("#note")).to_have_value("")
    expect_saved(page)
    assert Judgment.objects.get().note == "1 of 2: only in part, see u and x"
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 1)
    expect(page.locator("#note-words")).to_have_text("1 of 2: only in part, see u and x")


def test_what_changes_after_the_grade_is_saved_too(page, duty):
    begin(page, duty)
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 1)
    page.keyboard.press("m")
    page.keyboard.type("After all.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#note-window")).to_be_hidden()
    expect(page.locator("#passage-title")).to_be_focused()
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert (Judgment.objects.get().note, evidence()) == ("After all.", ["Rain 🌈🌈 and light."])
    assert grades(duty)[:2] == [2, None]
    assert set(JudgmentEvent.objects.values_list("kind", flat=True)) == {"recorded", "noted"}
    page.goto(reverse("duty_item", args=[duty.pk, duty.pool.items.get(position=1).pk]))
    expect_passage(page, duty, 1)
    assert listed(page) == ["Rain 🌈🌈 and light."]
    page.keyboard.press("m")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(page.locator("#note-words")).to_be_hidden()
    expect_saved(page)
    page.wait_for_load_state("networkidle")
    assert Judgment.objects.get().note == ""


def test_a_note_outlives_the_undo_of_its_grade(page, duty):
    begin(page, duty)
    page.keyboard.press("m")
    page.keyboard.type("Only in part.")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    page.keyboard.press("u")
    expect_passage(page, duty, 1)
    expect_saved(page)
    assert not Judgment.objects.exists()
    page.reload()
    expect_passage(page, duty, 1)
    expect(page.locator("#note-words")).to_have_text("Only in part.")
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert Judgment.objects.get().note == "Only in part."


def test_a_note_and_evidence_wait_for_the_connection(page, duty, allowed_console_errors):
    allowed_console_errors.append(r"net::ERR_INTERNET_DISCONNECTED|Failed to load resource")
    begin(page, duty)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.keyboard.press("m")
    page.keyboard.type("Written in a tunnel.")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 1)
    expect(page.locator("#note-words")).to_have_text("Written in a tunnel.")
    page.keyboard.press("m")
    page.keyboard.type(" And changed.")
    page.keyboard.press("Escape")
    expect(page.locator("#light")).to_contain_text("2 kept")
    page.context.set_offline(False)
    expect_saved(page)
    assert Judgment.objects.get().note == "Written in a tunnel. And changed."
    assert evidence() == ["Rain 🌈🌈 and light."]


def test_scan_terms_are_painted_counted_and_walked_through(page, duty):
    begin(page, duty)
    scan_for(page, 'LIGHT cafe scat* "blue  sky" כחול')
    assert painted(page, "scan") == ["light", "blue sky", "scatters", "Cafe\u0301", "light", "כחול", "light"]
    expect(page.locator("#scan-count")).to_have_text("7 here")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.locator("#scan-count")).to_have_text("2 of 7")
    assert painted(page, "scan-here") == ["blue sky"]
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.locator("#scan-count")).to_have_text("7 of 7")
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect(page.locator("#scan-count")).to_have_text("2 here")
    assert painted(page, "scan") == ["scatters", "light"]
    expect_saved(page)
    assert ScanTerms.objects.get().terms == ["LIGHT", "cafe", "scat*", "blue sky", "כחול"]


def test_scan_terms_are_there_again_and_can_be_emptied(page, duty):
    begin(page, duty)
    scan_for(page, "sky")
    page.wait_for_load_state("networkidle")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect_passage(page, duty, 1)
    assert painted(page, "scan") == ["sky", "Sky"]
    page.keyboard.press("/")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    expect(page.locator("#scan-tools")).to_be_hidden()
    page.wait_for_load_state("networkidle")
    assert painted(page, "scan") == [] and ScanTerms.objects.get().terms == []


def test_scan_terms_that_were_not_sent_are_sent_later(page, duty, allowed_console_errors):
    allowed_console_errors.append(r"net::ERR_FAILED|Failed to load resource")
    begin(page, duty)
    page.route("**/scan-terms/", lambda route: route.abort())
    scan_for(page, "sky")
    page.wait_for_load_state("networkidle")
    page.unroute("**/scan-terms/")
    page.reload()
    expect_passage(page, duty, 1)
    assert painted(page, "scan") == ["sky", "Sky"]
    page.wait_for_load_state("networkidle")
    assert ScanTerms.objects.get().terms == ["sky"]


def test_a_browser_without_highlights_gets_marks_and_the_places_stay_right(new_page, duty):
    page = new_page()
    page.add_init_script("delete CSS.highlights; delete CSS.__proto__.highlights")
    begin(page, duty)
    assert page.evaluate("'highlights' in CSS") is False
    scan_for(page, "light כחול")
    assert page.locator('mark[data-paint="scan"]').all_text_contents() == ["light", "light", "כחול", "light"]
    select(page, "scatters", "Cafe\u0301")
    page.keyboard.press("e")
    assert re.sub(r"\s+", " ", "".join(page.locator('mark[data-paint="evidence"]').all_text_contents())) == (
        "scatters Cafe\u0301"
    )
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert evidence() == ["scatters Cafe\u0301"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens(new_page, duty, scheme):
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    begin(page, duty)
    scan_for(page, "light sky")
    page.keyboard.press("]")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    found = grave(page)
    page.keyboard.press("Escape")
    for key in "m/?":
        page.keyboard.press(key)
        expect(page.locator(":popover-open")).to_have_count(1)
        found += grave(page)
        page.keyboard.press("Escape")
        expect(page.locator(":popover-open")).to_have_count(0)
    assert found == []


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 844)])
def test_nothing_jumps_and_nothing_sticks_out(new_page, duty, size):
    page = new_page(viewport={"width": size[0], "height": size[1]})
    begin(page, duty)
    place = """['.topic h1', '#passage-title', '.passage-text', '.grades'].map(
        (one) => document.querySelector(one).getBoundingClientRect().top)"""
    before = page.evaluate(place)
    page.keyboard.press("m")
    page.keyboard.type("A note.")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate(place) == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
