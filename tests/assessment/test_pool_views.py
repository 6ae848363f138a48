"""Pools on the organizer's pages: a depth for each run, sharing, and runs that come later."""

import pytest
from django.urls import reverse

from assessment.models import Pool, PoolItem, Run
from assessment.services.duties import duties_assign
from assessment.services.pools import pool_create
from assessment.services.tracks import track_create

EVERYONE = {"depth": 1, "order": "docid", "seed": 0, "sharing": "everyone", "quota": 1, "overlap_percent": 0}
SHARED = EVERYONE | {"sharing": "shared"}


def ticked(*runs, **depths):
    """Form data: these runs are ticked; `up=3` says how deep `up` goes."""
    keys = dict(Run.objects.values_list("tag", "pk"))
    return {"runs": [run.pk for run in runs]} | {f"depth_{keys[tag]}": depth for tag, depth in depths.items()}


def depths_in(pool):
    return dict(pool.poolrun_set.values_list("run__tag", "depth"))


def text(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def make(as_user, alice):
    return lambda data: as_user(alice).post(reverse("pools", args=["small"]), data)


@pytest.fixture
def size(as_user, alice):
    return lambda data: as_user(alice).get(reverse("pool_preview", args=["small"]), data)


@pytest.fixture
def growing(track, runs):
    """The first two documents of `up`."""
    return pool_create(track=track, name="growing", depth=2, runs=[runs[0]])


@pytest.fixture
def extend(as_user, alice, growing):
    return lambda data: as_user(alice).post(reverse("pool_extend", args=["small", growing.pk]), data)


@pytest.fixture
def growth(as_user, alice, growing):
    return lambda data: as_user(alice).get(reverse("pool_extension_preview", args=["small", growing.pk]), data)


# Making a pool


def test_a_depth_for_a_run_counts_in_the_preview_and_in_the_pool(make, size, runs):
    data = EVERYONE | ticked(*runs, up=3, down="")
    assert size(data).context["sizes"].total == 4 + 4 + 3
    make(data)
    pool = Pool.objects.get()
    assert pool.items.count() == 11
    assert depths_in(pool) == {"up": 3, "down": None}


def test_a_depth_of_a_run_that_is_not_ticked_does_not_matter(make, runs):
    make(EVERYONE | ticked(runs[0], down=5))
    assert depths_in(Pool.objects.get()) == {"up": None}


@pytest.mark.parametrize("depth", ["0", "-3", "10001", "many", "1.5", "²", "99999999999999999999999"])
def test_a_depth_that_is_none_is_refused_with_the_name_of_the_run(make, size, runs, depth):
    data = EVERYONE | ticked(*runs, up=depth)
    said = "The depth of up is a whole number from 1 to 10,000."
    assert said in text(size(data))
    assert said in text(make(data))
    assert not Pool.objects.exists()


def test_a_pool_can_be_shared(make, runs):
    make(SHARED | ticked(*runs) | {"quota": 2, "overlap_percent": 10})
    pool = Pool.objects.get()
    assert (pool.quota, pool.overlap_percent) == (2, 10)


@pytest.mark.parametrize("fields", [{}, {"quota": 0}, {"quota": "x", "overlap_percent": 400}, {"overlap_percent": ""}])
def test_where_everyone_judges_the_fields_for_sharing_are_dropped_right_or_wrong(make, runs, fields):
    make(EVERYONE | ticked(*runs) | fields)
    pool = Pool.objects.get()
    assert (pool.quota, pool.overlap_percent) == (None, 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"quota": ""}, "Say how many people judge each passage."),
        ({"quota": 0}, "greater than or equal to 1"),
        ({"quota": 101}, "less than or equal to 100"),
        ({"overlap_percent": 101}, "less than or equal to 100"),
        ({"overlap_percent": ""}, "0 for none"),
        ({"sharing": "nobody"}, "Select a valid choice"),
    ],
)
def test_terms_of_sharing_that_make_no_sense_come_back_with_the_reason(make, runs, fields, said):
    assert said in text(make(SHARED | ticked(*runs) | fields))
    assert not Pool.objects.exists()


def test_runs_of_another_track_cannot_be_ticked(make, extend, runs, growing):
    other = track_create(slug="other", name="Other", scale=range(2))
    stranger = Run.objects.create(track=other, tag="stranger", lines=0)
    assert make(EVERYONE | {"runs": [stranger.pk]}).status_code == 200
    assert extend({"runs": [stranger.pk]}).status_code == 200
    assert extend({"runs": ["x"]}).status_code == 200
    assert Pool.objects.get() == growing
    assert depths_in(growing) == {"up": None}


def test_a_pool_over_a_thousand_runs_can_be_previewed_and_made(as_user, alice, make, track, runs):
    Run.objects.bulk_create(Run(track=track, tag=f"run-{number}", lines=0) for number in range(1000))
    many = EVERYONE | ticked(*track.runs.all()) | {f"depth_{run.pk}": "" for run in track.runs.all()}
    response = as_user(alice).post(reverse("pool_preview", args=["small"]), many)
    assert response.context["sizes"].total == 2 + 2 + 1
    assert not Pool.objects.exists()
    make(many)
    assert Pool.objects.get().runs.count() == 1002


# What the page of a pool says


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"order": "move_to_front"}, "what is asked next depends on the grades so far; passages are served one by one"),
        ({"order": "shuffle", "seed": 7}, "Shuffled by seed 7."),
        ({"order": "docid"}, "By docid."),
        ({"order": "best_rank"}, "By best rank."),
        ({}, "Each passage is judged by everyone with a duty in its topic."),
        ({"quota": 1}, "judged by one person, and those who have a duty in a topic share its passages."),
        ({"quota": 2, "overlap_percent": 10}, "judged by 2 people, and those who have a duty in a topic share"),
        ({"quota": 2, "overlap_percent": 10}, "10 % of them are judged by one more"),
        ({}, "6 pairs of 3 topics: the first 2 of 1 run;"),
    ],
)
def test_the_page_says_in_words_how_a_pool_is_judged(as_user, alice, track, runs, terms, said):
    pool = pool_create(track=track, name="p", depth=2, runs=[runs[0]], **terms)
    assert said in text(as_user(alice).get(reverse("pool", args=["small", pool.pk]))).replace(
        '<span class="num">', ""
    ).replace("</span>", "")


def test_the_page_says_how_deep_the_runs_go(as_user, alice, track, runs):
    pool = pool_create(track=track, name="p", depth=2, depths={runs[1]: 5})
    page = as_user(alice).get(reverse("pool", args=["small", pool.pk]))
    assert "the first 2 to 5 of 2 runs" in text(page)
    assert page.context["runs"].rows == [(runs[1], 5), (runs[0], 2)]


def test_the_list_of_pools_says_who_judges(as_user, alice, track, runs):
    pool_create(track=track, name="p", depth=2, quota=3)
    assert "3 of those who share it" in text(as_user(alice).get(reverse("pools", args=["small"])))


# Adding runs


def test_what_runs_would_add_is_shown_before_and_nothing_is_stored(growth, growing, runs, topics):
    before = list(PoolItem.objects.values())
    response = growth(ticked(runs[1], down=3))
    assert [(topic.qid, size) for topic, size in response.context["growth"].rows] == [("q1", 3), ("q2", 3), ("q3", 0)]
    assert list(PoolItem.objects.values()) == before
    assert depths_in(growing) == {"up": None}


def test_runs_are_added_and_the_page_says_how_many_pairs_are_new(extend, as_user, alice, growing, runs):
    response = extend(ticked(runs[1], down=3))
    assert response.headers["Location"] == reverse("pool", args=["small", growing.pk])
    assert "6 new pairs: whoever judges these topics has them from now on." in text(
        as_user(alice).get(response.headers["Location"])
    )
    assert growing.items.count() == 12
    assert depths_in(growing) == {"up": None, "down": 3}


def test_a_run_is_taken_deeper(extend, growing, runs):
    extend(ticked(runs[0], up=3))
    assert growing.items.count() == 9
    assert depths_in(growing) == {"up": 3}


@pytest.mark.parametrize("depth", ["", "2", "1"])
def test_a_run_that_is_in_the_pool_as_deep_already_is_refused(extend, growth, growing, runs, depth):
    said = "In the pool already: up (to depth 2). A run can be taken deeper; what is pooled of it stays."
    assert said in text(growth(ticked(runs[0], up=depth)))
    assert said in text(extend(ticked(runs[0], up=depth)))
    assert growing.items.count() == 6


def test_adding_nothing_says_what_to_tick(extend, growth, growing):
    assert "Tick the runs to add." in text(growth({}))
    assert "Tick the runs to add." in text(extend({}))
    assert growing.items.count() == 6


def test_what_was_typed_is_there_again_when_it_is_refused(extend, runs, growing):
    page = text(extend(ticked(runs[1], down="0")))
    assert "The depth of down is a whole number from 1 to 10,000." in page
    assert f'name="depth_{runs[1].pk}" value="0"' in page


def test_without_scripts_the_preview_is_a_button_and_stores_nothing(extend, growing, runs):
    response = extend(ticked(runs[1]) | {"preview": "1"})
    assert response.context["growth"].total == 4
    assert growing.items.count() == 6


def test_a_pool_that_has_all_runs_offers_to_load_more(as_user, alice, track, runs):
    pool = pool_create(track=track, name="p", depth=2)
    page = text(as_user(alice).get(reverse("pool", args=["small", pool.pk])))
    assert "All runs of the track are in the pool." in page
    assert "Take runs deeper that are in it" in page


def test_pools_of_another_track_cannot_be_extended(as_user, alice, growing, runs):
    track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    data = ticked(runs[1])
    assert as_user(alice).post(reverse("pool_extend", args=["other", growing.pk]), data).status_code == 404
    assert as_user(alice).get(reverse("pool_extension_preview", args=["other", growing.pk]), data).status_code == 404
    assert growing.items.count() == 6


def test_an_assessor_has_the_new_passages_at_once_and_sees_no_run(
    extend, as_user, bob, growing, runs, topics, assessor_bob
):
    duties_assign(pool=growing, assessor=assessor_bob, condition="manual")
    duty = growing.duties.get(topic=topics[0])
    Run.objects.filter(pk=runs[1].pk).update(tag="secret-of-the-organizer")
    extend(ticked(runs[1]))
    page = text(as_user(bob).get(reverse("duty", args=[duty.pk])))
    assert "d6" in page
    assert "secret-of-the-organizer" not in page
