"""axe (WCAG 2.2 AA) finds nothing serious on any page, for any role, in the light theme and in the dark one."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import get_resolver, reverse

from assessment.selectors.adjudication_standing import pair_standings
from llm_worker.services.batches import batch_create
from llm_worker.services.judges import judge_create
from llm_worker.services.nugget_jobs import nuggets_make
from tests.e2e.campaign import make_campaign
from tests.e2e.judging_steps import log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
GRAVE = ("serious", "critical")

# Addresses that are no pages of their own: posts, fragments of pages that are listed, downloads.
NO_PAGES = {
    "health", "logout", "password_change_done",
    "qrels_export", "judgments_export", "plan_export", "run_details",
    "suggestions_accept", "acceptance_undo", "review_begin",
    "pool_preview", "pool_extend", "pool_extension_preview", "duty_lease",
    "plan_preview", "routing_preview", "routing_export", "duties_assign", "judgment_save", "judgment_undo",
    "annotation_save", "scan_terms",
    "board_live", "duty_reassign", "duty_extend", "duty_reopen", "duty_close", "leases_hand_back", "message_clear",
    "adjudication_preview", "adjudication_refresh", "adjudication_decide", "adjudication_undo",
    "job_create", "job_estimate", "job_progress", "job_pause", "job_cancel", "job_resume", "job_retry",
    "batch_requests", "batch_replies",
    "judges_trial", "ensemble_preview", "ensemble_combine",
    "nugget_lists_start", "nugget_labels_start", "nugget_job_estimate",
    "nuggets_export", "assignments_export", "nugget_duty_change", "assignment_save", "assignment_nothing",
    "bank_frozen", "bank_deleted", "edit_bank_passage", "edit_bank_live", "edit_bank_history", "edit_bank_impact",
    "edit_bank_strip", "bank_edit", "list_frozen",
}  # fmt: skip
OF_THE_TRACK = {
    "track", "track_edit", "topics", "documents", "runs", "assessors", "pools", "people", "compare", "agreement",
    "leaderboard", "compare_swap", "compare_bias", "report", "effort", "adjudications", "board",
    "judges_compare", "ensembles", "nuggets", "answers",
    "nugget_files", "citations", "nugget_topics", "nugget_compare", "nugget_duties", "nugget_jobs", "banks",
}  # fmt: skip
OF_THE_POOL = {"pool", "plan", "plan_file", "pool_route"}
OF_NOBODY = {"home", "login", "password_change", "track_create", "judges"}
ROLES = {
    "alice": OF_THE_TRACK
    | OF_THE_POOL
    | {"run", "home", "track_create", "judges", "password_change", "adjudication"}
    | {"calibration", "job", "answer_run", "nugget_topic", "nugget_grid", "bank", "edit_bank"}
    | {"board_duty", "board_passage", "compare_topic", "leaderboard_run"},
    "bob": {"home", "practice", "track", "duty", "duty_item", "duty_list", "adjudication", "adjudication_pair"}
    | {"nugget_assign", "nugget_assign_answer"},
    "vera": {"home", "track", "runs", "run", "assessors", "compare", "agreement", "leaderboard", "calibration"}
    | {"nuggets", "answers", "answer_run", "nugget_topics", "nugget_topic", "nugget_compare", "nugget_jobs"}
    | {"banks", "bank", "edit_bank"},
    "root": {"judges", "judge_new", "judge_terms"},
}


def named_addresses() -> set[str]:
    """The names of all addresses that this project defines."""
    included = [each for each in get_resolver().url_patterns if getattr(each, "app_name", None) is None]
    return {
        pattern.name
        for each in included
        for pattern in (each.url_patterns if hasattr(each, "url_patterns") else [each])
        if pattern.name
    }


def addresses_of(campaign, names: set[str]) -> list[str]:
    slug, pool = campaign.track.slug, campaign.pool.pk
    special = {"run": [reverse("run", args=[slug, campaign.track.runs.first().pk])]}
    answered = campaign.track.answer_runs.get(tag="cited")
    special["answer_run"] = [reverse("answer_run", args=[slug, answered.pk])]
    special["compare_topic"] = [reverse("compare_topic", args=[slug, campaign.topics[0].pk])]
    special["leaderboard_run"] = [reverse("leaderboard_run", args=[slug, campaign.track.runs.first().pk])]
    special["nugget_topic"] = [reverse("nugget_topic", args=[slug, topic.pk]) for topic in campaign.topics[:2]]
    special["duty"] = [
        reverse("duty", args=[duty.pk]) for duty in campaign.duties.values() if duty.assessor.name == "bob"
    ]
    edited = campaign.duties["post_edit"]
    special["duty_item"] = [
        reverse("duty_item", args=[edited.pk, edited.pool.items.filter(topic=edited.topic).first().pk])
    ]
    special["duty_list"] = [reverse("duty_list", args=[campaign.duties[name].pk]) for name in ("post_edit", "manual")]
    special["board_duty"] = [reverse("board_duty", args=[slug, edited.pk])]
    special["board_passage"] = [reverse("board_passage", args=[slug, campaign.pool.items.first().pk])]
    adjudication = campaign.adjudication
    pair = pair_standings(adjudication)[0]
    special["adjudication"] = [reverse("adjudication", args=[adjudication.pk])]
    special["adjudication_pair"] = [
        reverse("adjudication_pair", args=[adjudication.pk, pair.topic_id, pair.document_id])
    ]
    special["calibration"] = [reverse("calibration", args=[slug, campaign.judge.pk])]
    special["judge_terms"] = [reverse("judge_terms", args=[campaign.configurations[0].pk])]
    if "job" in names:
        by_files = batch_create(pool=campaign.pool, judge=campaign.configurations[0])
        lists = judge_create(name="lists", engine="scripted", model="m", prompt="nuggets.v1", decoding="json")
        over_bank = nuggets_make(track=campaign.track, judge=lists)
        special["job"] = [reverse("job", args=[job.pk]) for job in (by_files, over_bank)]
    assigning = campaign.assigning
    special["bank"] = [reverse("bank", args=[slug, assigning.topic_bank.bank_id])]
    special["edit_bank"] = [reverse("edit_bank", args=[assigning.topic_bank_id])]
    special["nugget_grid"] = [reverse("nugget_grid", args=[slug, assigning.topic_bank_id])]
    special["nugget_assign"] = [reverse("nugget_assign", args=[assigning.pk])]
    special["nugget_assign_answer"] = [
        reverse("nugget_assign_answer", args=[assigning.pk, answer.pk])
        for answer in assigning.topic_bank.topic.answers.all()
    ]
    for name in OF_THE_TRACK:
        special[name] = [reverse(name, args=[slug])]
    for name in OF_THE_POOL:
        special[name] = [reverse(name, args=[slug, pool])]
    special["pool"].append(reverse("pool", args=[slug, campaign.routed.pk]))
    return [address for name in sorted(names) for address in special.get(name) or [reverse(name)]]


def complaints(page, address: str) -> list[str]:
    """What axe finds on the page at `address`: all rules in the light theme, colours again in the dark one."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, options=RULES).response["violations"]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += Axe().run(page, options=COLOURS).response["violations"]
    return [
        f"{address}: {each['id']} ({each['impact']}): {each['nodes'][0]['html'][:160]}"
        for each in found
        if each["impact"] in GRAVE
    ]


def test_every_address_is_a_page_that_is_looked_at_or_is_named_as_none():
    looked_at = set.union(*ROLES.values()) | OF_NOBODY
    assert named_addresses() == looked_at | NO_PAGES


@pytest.mark.parametrize("name", ROLES)
def test_axe_finds_nothing_serious(page, name):
    campaign = make_campaign()
    log_in(page, name)
    found = [each for address in addresses_of(campaign, ROLES[name]) for each in complaints(page, address)]
    assert found == []


def test_axe_finds_nothing_serious_before_the_login(page):
    assert complaints(page, reverse("login")) == []
