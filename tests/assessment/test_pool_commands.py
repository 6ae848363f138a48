import pytest

from assessment.models import Pool, PoolItem
from tests.assessment.test_commands import refused, said


def depths_in(pool):
    return dict(pool.poolrun_set.values_list("run__tag", "depth"))


@pytest.fixture
def small_pool(track, runs):
    """The first two documents of `up`."""
    said("create_pool", "small", "--depth", 2, "--runs", "up")
    return Pool.objects.get(name="pool-2")


def test_create_pool_takes_a_depth_for_single_runs(track, runs):
    out, _ = said("create_pool", "small", "--depth", 1, "--run-depth", "up=3", "--run-depth", "down=2")
    assert out == "pool-1: 13 items, 3 topics, 2 runs\n"
    assert depths_in(Pool.objects.get()) == {"up": 3, "down": 2}


def test_create_pool_takes_several_depths_at_once_and_tags_with_an_equals_sign(track, runs):
    runs[0].tag = "k1=0.9"
    runs[0].save()
    said("create_pool", "small", "--depth", 1, "--run-depth", "k1=0.9=3", "down=2")
    assert depths_in(Pool.objects.get()) == {"k1=0.9": 3, "down": 2}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["up"], "takes TAG=K, a run's tag and a number, not 'up'"),
        (["up="], "takes TAG=K"),
        (["=3"], "takes TAG=K"),
        (["up=many"], "takes TAG=K"),
        (["up=-1"], "takes TAG=K"),
        (["up=²"], "takes TAG=K"),
        (["up=0"], "from 1 to 2,147,483,647: see up"),
        (["up=99999999999999999999"], "from 1 to 2,147,483,647: see up"),
        (["up=1", "up=2"], "names up twice"),
        (["sideways=3"], "no run sideways"),
    ],
)
def test_create_pool_says_what_is_wrong_with_a_depth(track, runs, wanted, expected):
    assert expected in refused("create_pool", "small", "--depth", 2, "--run-depth", *wanted)[1]
    assert not Pool.objects.exists()


def test_create_pool_refuses_a_depth_of_a_run_that_is_not_chosen(track, runs):
    arguments = ("--depth", 2, "--runs", "up", "--run-depth", "down=3")
    assert "not among the chosen ones: down" in refused("create_pool", "small", *arguments)[1]


def test_create_pool_makes_shared_pools_and_move_to_front(track, runs):
    said("create_pool", "small", "--depth", 2, "--quota", 1, "--overlap", 10, "--order", "move_to_front")
    pool = Pool.objects.get()
    assert (pool.quota, pool.overlap_percent, pool.order) == (1, 10, "move_to_front")


def test_create_pool_refuses_an_overlap_among_people_who_do_not_share(track, runs):
    assert "say how many people share them" in refused("create_pool", "small", "--depth", 2, "--overlap", 10)[1]
    assert not Pool.objects.exists()


def test_extend_pool_adds_runs_and_says_what_is_new(small_pool):
    out, err = said("extend_pool", "small", "pool-2", "--runs", "down")
    assert (out, err) == ("4 new items; pool-2: 10 items, 3 topics, 2 runs\n", "")
    assert depths_in(small_pool) == {"up": None, "down": None}


def test_extend_pool_takes_a_run_deeper(small_pool):
    assert said("extend_pool", "small", "pool-2", "--runs", "up", "--depth", 3)[0].startswith("3 new items; ")
    assert depths_in(small_pool) == {"up": 3}


def test_extend_pool_shows_what_would_be_new_and_stores_nothing(small_pool):
    before = list(PoolItem.objects.values())
    out, err = said("extend_pool", "small", "pool-2", "--runs", "down", "--depth", 1, "--dry-run")
    assert out == "q1\t1\nq2\t1\nq3\t0\n"
    assert err == "pool-2 would get 2 new items; nothing was stored.\n"
    assert list(PoolItem.objects.values()) == before
    assert depths_in(small_pool) == {"up": None}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["pool-3", "--runs", "down"], "no pool 'pool-3'; there are: pool-2."),
        (["pool-2", "--runs", "down", "sideways"], "no run sideways"),
        (["pool-2", "--runs", "up"], "In the pool already: up (to depth 2)"),
        (["pool-2", "--runs", "up", "--depth", 1, "--dry-run"], "In the pool already: up (to depth 2)"),
        (["pool-2", "--runs", "down", "--depth", 0], "see down"),
    ],
)
def test_extend_pool_says_what_it_cannot_do(small_pool, arguments, expected):
    before = list(PoolItem.objects.values())
    assert expected in refused("extend_pool", "small", *arguments)[1]
    assert list(PoolItem.objects.values()) == before
    assert depths_in(small_pool) == {"up": None}


def test_extend_pool_says_that_there_is_no_pool_yet(track, runs):
    assert "there are: none yet." in refused("extend_pool", "small", "pool-2", "--runs", "up")[1]
