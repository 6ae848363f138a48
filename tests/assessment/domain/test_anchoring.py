"""Figures of anchoring, worked by hand."""

import pytest

from assessment.domain.anchoring import likeness, revisions, vigilance, wilson_interval


def test_likeness_counts_equal_grades_and_the_signed_difference():
    # Labels 2 2 2 3, grades 2 1 0 3: two of four equal; differences 0 -1 -2 0.
    found = likeness({(2, 2): 1, (2, 1): 1, (2, 0): 1, (3, 3): 1}, range(4), topics=2)
    assert (found.n, found.topics, found.same, found.bias) == (4, 2, 0.5, -0.75)
    # By chance: label 2 meets grade 2 in 3/4 * 1/4, label 3 meets 3 in 1/4 * 1/4: 4/16. kappa = (1/2 - 1/4) / (3/4).
    assert found.kappa == pytest.approx(1 / 3)


def test_without_grades_nothing_is_defined():
    assert likeness({}, range(4), topics=0) == (0, 0, None, None, None)
    assert likeness({(2, 2): 5}, range(4), topics=1) == (5, 1, 1.0, 0.0, None)


def test_a_label_off_the_scale_is_left_out():
    assert likeness({(7, 2): 5, (2, 2): 1}, range(4), topics=1).n == 1


@pytest.mark.parametrize(
    ("before", "after", "label", "way"),
    [
        (1, 1, 3, "unchanged"),
        (3, 3, 3, "unchanged"),
        (1, 3, 3, "to_label"),
        (3, 0, 0, "to_label"),
        (0, 1, 3, "toward"),
        (1, 3, 2, "across"),
        (1, 0, 3, "away"),
        (2, 1, 2, "away"),
        (0, 3, 2, "toward"),  # 2 away before, 1 after
    ],
)
def test_every_revision_goes_one_of_five_ways(before, after, label, way):
    found = revisions({(before, after, label): 4}, range(4), topics=1)
    ways = {name: getattr(found, name) for name in ("unchanged", "to_label", "toward", "across", "away")}
    assert found.n == ways.pop(way) == 4
    assert set(ways.values()) == {0}


def test_before_and_after_are_compared_with_the_same_labels():
    # Three grades of 1 and one of 2, all with label 2: two of the 1s become 2, one stays; the 2 becomes 0.
    found = revisions({(1, 2, 2): 2, (1, 1, 2): 1, (2, 0, 2): 1}, range(3), topics=3)
    assert (found.n, found.unchanged, found.to_label, found.away) == (4, 1, 2, 1)
    assert found.matrix.tolist() == [[0, 0, 0], [0, 1, 2], [1, 0, 0]]
    assert (found.before.same, found.before.bias) == (0.25, -0.75)
    assert (found.after.same, found.after.bias) == (0.5, -0.75)
    told = found.as_dict()
    assert told["n"] == 4 and told["matrix"][1] == [0, 1, 2] and told["after"]["topics"] == 3


def test_a_planted_label_is_accepted_found_out_or_answered_otherwise():
    found = vigilance({(3, 0, 3): 2, (3, 0, 0): 5, (3, 1, 2): 1, (0, 2, 1): 2})
    assert (found.shown, found.accepted, found.trusted, found.other, found.share) == (10, 2, 5, 3, 0.2)
    low, high = found.as_dict()["accepted_interval"]
    assert (round(low, 4), round(high, 4)) == (0.0567, 0.5098)


def test_wilsons_interval_equals_published_values():
    # Newcombe 1998 (Statistics in Medicine 17, table I, method 3): 81/263, 15/148, 0/20, 1/29.
    published = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for successes, n, *bounds in published:
        assert wilson_interval(successes, n) == pytest.approx(bounds, abs=5e-5)
    assert wilson_interval(20, 20) == pytest.approx((1 - 0.1611, 1), abs=5e-5)
    assert wilson_interval(0, 0) is None
