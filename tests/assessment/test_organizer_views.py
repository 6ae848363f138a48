"""Who may open what, and what the organizer's pages say."""

import re

import pytest
from django.urls import reverse

from assessment.models import Duty, Membership, Pool, Run, Topic, Track, User
from assessment.services.duties import duties_assign
from tests.nuggets.factories import make_topic_bank

# URL name: what each role gets. Everything is a 404 for charlie, and a redirect to the login for nobody in particular.
PAGES = {
    "track": {"alice": 200, "bob": 200, "vera": 200},
    "track_edit": {"alice": 200, "bob": 404, "vera": 404},
    "topics": {"alice": 200, "bob": 404, "vera": 404},
    "documents": {"alice": 200, "bob": 404, "vera": 404},
    "runs": {"alice": 200, "bob": 404, "vera": 200},
    "run": {"alice": 200, "bob": 404, "vera": 200},
    "assessors": {"alice": 200, "bob": 404, "vera": 200},
    "qrels_export": {"alice": 200, "bob": 404, "vera": 404},
    "judgments_export": {"alice": 200, "bob": 404, "vera": 404},
    "agreement": {"alice": 200, "bob": 404, "vera": 200},
    "answers": {"alice": 200, "bob": 404, "vera": 200},
    "citations": {"alice": 200, "bob": 404, "vera": 404},
    "nuggets": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_compare": {"alice": 200, "bob": 404, "vera": 200},
    "compare_topic": {"alice": 200, "bob": 404, "vera": 200},
    "compare_swap": {"alice": 200, "bob": 404, "vera": 200},
    "compare_bias": {"alice": 200, "bob": 404, "vera": 200},
    "effort": {"alice": 200, "bob": 404, "vera": 200},
    "report": {"alice": 200, "bob": 404, "vera": 200},
    "leaderboard_run": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_topics": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_topic": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_jobs": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_job_estimate": {"alice": 200, "bob": 404, "vera": 404},
    "nugget_files": {"alice": 200, "bob": 404, "vera": 404},
    "nugget_duties": {"alice": 200, "bob": 404, "vera": 404},
    "banks": {"alice": 200, "bob": 404, "vera": 200},
    "bank": {"alice": 200, "bob": 404, "vera": 200},
    "nugget_grid": {"alice": 200, "bob": 404, "vera": 404},
    "pools": {"alice": 200, "bob": 404, "vera": 404},
    "pool_preview": {"alice": 200, "bob": 404, "vera": 404},
    "pool": {"alice": 200, "bob": 404, "vera": 404},
    "pool_extension_preview": {"alice": 200, "bob": 404, "vera": 404},
    "plan": {"alice": 200, "bob": 404, "vera": 404},
    "plan_preview": {"alice": 200, "bob": 404, "vera": 404},
    "plan_file": {"alice": 200, "bob": 404, "vera": 404},
    "plan_export": {"alice": 200, "bob": 404, "vera": 404},
    "pool_route": {"alice": 200, "bob": 404, "vera": 404},
    "routing_preview": {"alice": 200, "bob": 404, "vera": 404},
    "people": {"alice": 200, "bob": 404, "vera": 404},
    "ensembles": {"alice": 200, "bob": 404, "vera": 404},
    "ensemble_preview": {"alice": 200, "bob": 404, "vera": 404},
}
OF_A_POOL = (
    "pool",
    "pool_extend",
    "pool_extension_preview",
    "duties_assign",
    "plan",
    "plan_preview",
    "plan_file",
    "plan_export",
    "pool_route",
    "routing_preview",
)
WRITES = (
    "track_edit",
    "topics",
    "documents",
    "runs",
    "run_details",
    "assessors",
    "pools",
    "pool_extend",
    "duties_assign",
    "plan",
    "plan_file",
    "pool_route",
    "people",
    "ensembles",
    "answers",
    "citations",
    "nugget_files",
    "nugget_duties",
    "banks",
    "bank",
)


@pytest.fixture
def addresses(track, runs, pool, nist):
    own = {"run": runs[0].pk, "qrels_export": nist.pk, "nugget_topic": track.topics.first().pk}
    own["nugget_grid"] = make_topic_bank(track.topics.first()).pk
    own |= {"compare_topic": track.topics.first().pk, "leaderboard_run": runs[0].pk}
    own["bank"] = track.banks.first().pk
    own |= dict.fromkeys(OF_A_POOL, pool.pk)
    names = {*PAGES, *WRITES}
    return {name: reverse(name, args=[track.slug, own[name]] if name in own else [track.slug]) for name in names}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_for_its_roles_and_does_not_exist_for_others(
    as_user, addresses, alice, bob, vera, charlie, admin, name
):
    got = {user.username: as_user(user).get(addresses[name]).status_code for user in (alice, bob, vera, charlie, admin)}
    assert got == {**PAGES[name], "charlie": 404, "admin": 200}


@pytest.mark.parametrize("name", WRITES)
def test_only_organizers_write(as_user, addresses, alice, bob, vera, charlie, name):
    refused = [as_user(user).post(addresses[name], {}).status_code for user in (bob, vera, charlie)]
    assert refused == [404, 404, 404]
    assert as_user(alice).post(addresses[name], {}).status_code == 200


@pytest.mark.parametrize("name", [*PAGES, "duties_assign", "pool_extend"])
def test_without_a_login_there_is_only_the_login(client, addresses, name):
    assert client.get(addresses[name]).headers["Location"].startswith(reverse("login"))


def test_things_of_another_track_are_not_found_under_this_one(as_user, alice, addresses, track, runs, pool, nist):
    from assessment.services.tracks import track_create

    track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    for name, pk in (("run", runs[0].pk), ("pool", pool.pk), ("plan", pool.pk), ("qrels_export", nist.pk)):
        assert as_user(alice).get(reverse(name, args=["other", pk])).status_code == 404


def test_a_role_that_was_withdrawn_opens_nothing(as_user, addresses, bob, track):
    Membership.objects.filter(user=bob).delete()
    assert as_user(bob).get(addresses["track"]).status_code == 404


def test_tracks_are_created_by_those_who_may(as_user, bob, charlie, admin):
    got = [as_user(user).get(reverse("track_create")).status_code for user in (bob, charlie, admin)]
    assert got == [404, 200, 200]


def scale_rows(*rows):
    data = {"scale-TOTAL_FORMS": len(rows), "scale-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"scale-{number}-{name}": row[name] for name in row}
    return data


YES_NO = scale_rows({"value": 0, "key": "n", "label": "no"}, {"value": 1, "key": "y", "label": "yes"}, {"value": ""})
TRACK = {"name": "New one", "slug": "new-one", "relevant_from": 1}


def test_a_track_is_made_from_the_form_and_its_maker_organizes_it(as_user, alice):
    response = as_user(alice).post(reverse("track_create"), TRACK | YES_NO)
    assert response.headers["Location"] == reverse("track", args=["new-one"])
    track = Track.objects.get(slug="new-one")
    assert list(track.grades.values_list("value", "key", "label")) == [(0, "n", "no"), (1, "y", "yes")]
    assert Membership.objects.get(track=track).user == alice


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"slug": "small"}, "already a track"),
        ({"slug": "two words"}, "letters, numbers, underscores or hyphens"),
        ({"name": ""}, "This field is required"),
        ({"relevant_from": 5}, "must be one of the grades 0, 1"),
        ({"scale-1-key": "n"}, "share a key"),
        ({"scale-1-value": ""}, "Which number?"),
        ({"scale-1-value": "0"}, "ascending order, each value once"),
        ({"scale-1-label": ""}, "needs a label"),
    ],
)
def test_a_bad_track_comes_back_with_the_reason_and_what_was_typed(as_user, track, alice, change, sentence):
    response = as_user(alice).post(reverse("track_create"), TRACK | YES_NO | {"description": "Kept text"} | change)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert "Kept text" in response.content.decode()
    assert Track.objects.count() == 1


def test_a_preset_fills_the_rows_in_and_stores_nothing(as_user, alice):
    data = TRACK | YES_NO | {"preset_apply": "1", "preset": "0-4"}
    response = as_user(alice).post(reverse("track_create"), data)
    assert [row["value"].value() for row in response.context["form"].scale] == [0, 1, 2, 3, 4, None, None]
    assert response.context["form"]["name"].value() == "New one"
    assert not Track.objects.exists()


def test_settings_keep_a_grade_that_is_in_use(as_user, alice, track, nist):
    response = as_user(alice).post(reverse("track_edit", args=["small"]), TRACK | YES_NO)
    assert response.status_code == 200
    assert "use grade 2, 3" in response.content.decode()
    assert track.grades.count() == 4


def test_settings_are_saved_and_the_short_name_stays(as_user, alice, track):
    rows = scale_rows({"value": 1, "label": "some"}, {"value": 0, "label": "none"})
    response = as_user(alice).post(reverse("track_edit", args=["small"]), TRACK | rows)
    assert response.status_code == 302
    track.refresh_from_db()
    assert (track.slug, track.name) == ("small", "New one")
    assert list(track.grades.values_list("key", flat=True)) == ["0", "1"]


def test_the_size_of_a_pool_is_shown_before_it_is_made(as_user, alice, runs, topics):
    data = {"depth": 2, "order": "shuffle", "seed": 0, "sharing": "everyone", "runs": [run.pk for run in runs]}
    response = as_user(alice).get(reverse("pool_preview", args=["small"]), data)
    sizes = response.context["sizes"]
    assert (sizes.total, sizes.smallest, sizes.middle, sizes.largest) == (10, 2, 4, 4)
    assert not Pool.objects.exists()


def test_a_pool_without_runs_says_what_to_tick(as_user, alice, runs):
    data = {"depth": 2, "order": "shuffle", "seed": 0, "sharing": "everyone"}
    assert "tick it" in as_user(alice).get(reverse("pool_preview", args=["small"]), data).content.decode()
    response = as_user(alice).post(reverse("pools", args=["small"]), data)
    assert response.status_code == 200
    assert not Pool.objects.exists()


def test_a_pool_is_made_over_the_ticked_runs(as_user, alice, runs):
    data = {"depth": 1, "order": "docid", "seed": 0, "sharing": "everyone", "runs": [runs[0].pk], "name": ""}
    response = as_user(alice).post(reverse("pools", args=["small"]), data)
    pool = Pool.objects.get()
    assert response.headers["Location"] == reverse("pool", args=["small", pool.pk])
    assert (pool.name, pool.items.count(), pool.created_by) == ("pool-1", 3, alice)
    again = as_user(alice).post(reverse("pools", args=["small"]), data)
    assert "already has a pool named pool-1" in again.content.decode()


def test_the_list_of_pools_counts_without_multiplying(as_user, alice, pool, assessor_bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    listed = as_user(alice).get(reverse("pools", args=["small"])).context["pools"][0]
    assert (listed.size, listed.topics, listed.people, listed.run_count) == (6, 3, 1, 2)


def test_duties_are_given_and_withdrawn(as_user, alice, bob, pool, assessor_bob, topics):
    address = reverse("duties_assign", args=["small", pool.pk])
    data = {"person": bob.pk, "condition": "manual", "reveal": "always", "topics": [topics[0].pk]}
    assert as_user(alice).post(address, data).status_code == 302
    assert Duty.objects.get().topic == topics[0]
    as_user(alice).post(address, {"withdraw": assessor_bob.pk})
    assert not Duty.objects.exists()


@pytest.mark.parametrize("asked", ["", "abc", "\0", "²", "9" * 30])
def test_duties_of_nobody_are_not_found(as_user, alice, pool, asked):
    response = as_user(alice).post(reverse("duties_assign", args=["small", pool.pk]), {"withdraw": asked})
    assert response.status_code == 404


def test_a_refused_duty_comes_back_with_the_reason(as_user, alice, bob, pool):
    data = {"person": bob.pk, "condition": "post_edit", "reveal": "always"}
    response = as_user(alice).post(reverse("duties_assign", args=["small", pool.pk]), data)
    assert response.status_code == 200
    assert "Name whose suggestions" in response.content.decode()


@pytest.mark.parametrize("name", ["vera", "charlie"])
def test_people_who_do_not_judge_are_not_offered_duties(as_user, alice, vera, charlie, pool, name):
    person = User.objects.get(username=name)
    data = {"person": person.pk, "condition": "manual", "reveal": "always"}
    assert as_user(alice).post(reverse("duties_assign", args=["small", pool.pk]), data).status_code == 200
    assert not Duty.objects.exists()


def test_an_account_is_made_and_its_password_shown_once(as_user, client, alice, track):
    address = reverse("people", args=["small"])
    response = as_user(alice).post(address, {"action": "create", "username": "dora", "role": "assessor"})
    password = re.search(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", response.content.decode()).group()
    assert "no-store" in response.headers["Cache-Control"]
    assert password not in client.get(address).content.decode()
    client.logout()
    assert client.login(username="dora", password=password)
    assert client.get(reverse("track", args=["small"])).status_code == 200


def test_an_account_that_cannot_have_the_role_is_not_made_either(as_user, alice, track, judge):
    data = {"action": "create", "username": "lexical", "role": "assessor"}
    response = as_user(alice).post(reverse("people", args=["small"]), data)
    assert "already has an assessor named lexical" in response.content.decode()
    assert not User.objects.filter(username="lexical").exists()


def test_a_full_name_that_does_not_fit_is_refused(as_user, alice, track):
    data = {"action": "create", "username": "dora", "full_name": f"Dora {'N' * 160}", "role": "assessor"}
    response = as_user(alice).post(reverse("people", args=["small"]), data)
    assert "at most 150 characters" in response.content.decode()
    assert not User.objects.filter(username="dora").exists()


def test_somebody_with_an_account_is_added_by_username(as_user, alice, charlie, track):
    address = reverse("people", args=["small"])
    unknown = as_user(alice).post(address, {"action": "add", "username": "zoe", "role": "viewer"})
    assert "There is no account named zoe" in unknown.content.decode()
    as_user(alice).post(address, {"action": "add", "username": "charlie", "role": "viewer"})
    assert Membership.objects.get(user=charlie).role == "viewer"


def test_roles_are_set_and_withdrawn_but_never_the_last_organizer(as_user, alice, bob, track):
    address = reverse("people", args=["small"])
    as_user(alice).post(address, {"action": "set", "user": bob.pk, "role": "organizer"})
    as_user(alice).post(address, {"action": "remove", "user": bob.pk})
    assert not Membership.objects.filter(user=bob).exists()
    response = as_user(alice).post(address, {"action": "remove", "user": alice.pk}, follow=True)
    assert "only organizer" in response.content.decode()
    assert Membership.objects.filter(user=alice).exists()


def test_an_organizer_who_gives_up_the_role_is_sent_home(as_user, alice, bob, track):
    address = reverse("people", args=["small"])
    as_user(alice).post(address, {"action": "set", "user": bob.pk, "role": "organizer"})
    response = as_user(alice).post(address, {"action": "remove", "user": alice.pk})
    assert response.headers["Location"] == reverse("home")


def test_an_assessor_finds_the_own_work_on_the_first_page_and_nobody_elses(as_user, bob, alice, pool, assessor_bob):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    home = as_user(bob).get(reverse("home"))
    assert [(work.done, work.total) for work in home.context["works"]] == [(0, 6)]
    assert "Begin judging" in home.content.decode()
    assert as_user(alice).get(reverse("home")).context["works"] == []


def test_an_assessor_sees_no_counts_of_the_track(as_user, bob, pool, nist):
    page = as_user(bob).get(reverse("track", args=["small"]))
    assert "counts" not in page.context
    assert "nist" not in page.content.decode()


def test_first_pages_without_anything_say_what_to_do(as_user, charlie, db):
    assert "Create a track" in as_user(charlie).get(reverse("home")).content.decode()
    nobody = User.objects.create(username="nobody")
    page = as_user(nobody).get(reverse("home")).content.decode()
    assert "adds you by your user name" in page
    assert "Create a track" not in page


def test_the_overview_names_the_next_step(as_user, alice, track):
    client, address = as_user(alice), reverse("track", args=["small"])
    assert client.get(address).context["next_step"].title == "Load the topics"
    Topic.objects.create(track=track, qid="q1", query="x", position=1)
    assert client.get(address).context["next_step"].title == "Load the passages"


@pytest.mark.parametrize("page", ["home", "track", "runs", "assessors", "pool"])
def test_pages_ask_the_database_as_often_for_much_as_for_little(
    as_user, alice, track, topics, documents, runs, pool, nist, assessor_bob, django_assert_max_num_queries, page
):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Run.objects.bulk_create(Run(track=track, tag=f"run{n}", sha256="x", lines=1) for n in range(40))
    address = {"home": reverse("home"), "pool": reverse("pool", args=["small", pool.pk])}
    client = as_user(alice)
    with django_assert_max_num_queries(24):
        assert client.get(address.get(page) or reverse(page, args=["small"])).status_code == 200


def test_guidelines_are_shown_as_markdown_without_scripts(as_user, bob, track):
    written = "# Fairness\n\nBe **fair**. <script>alert(1)</script> [Run](javascript:alert(1))"
    Track.objects.filter(pk=track.pk).update(guidelines=written)
    page = as_user(bob).get(reverse("track", args=["small"])).content.decode()
    assert "<h3>Fairness</h3>" in page  # below the page's own headings
    assert 'href="javascript' not in page
    assert "<strong>fair</strong>" in page
    assert "<script>alert" not in page
