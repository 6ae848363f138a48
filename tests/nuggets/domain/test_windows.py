import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuggets.domain.windows import Weighed, best, list_change, windows

TEXTS = st.lists(st.text("abc", min_size=1, max_size=2), unique=True)


def test_passages_go_in_windows_in_their_order():
    assert windows("abcdefg", 3) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert windows("", 3) == []
    with pytest.raises(ValueError, match="at least one"):
        windows("ab", 0)


def test_a_change_tells_what_stayed_came_and_went_and_whether_it_moved():
    change = list_change(["a", "b", "c"], ["c", "d", "a"])
    assert change.as_dict() == {"kept": ["c", "a"], "added": ["d"], "dropped": ["b"], "moved": True}
    assert not list_change(["a", "b"], ["a", "x", "b"]).moved


def test_vital_nuggets_come_first_and_otherwise_the_models_order_stands():
    weighed = [Weighed("a", "okay"), Weighed("b", "vital"), Weighed("c", "okay"), Weighed("d", "vital")]
    assert [nugget.text for nugget in best(weighed, 3)] == ["b", "d", "a"]


@given(TEXTS, TEXTS)
def test_nothing_is_lost_between_two_lists(before, after):
    change = list_change(before, after)
    assert sorted([*change.kept, *change.dropped]) == sorted(before)
    assert sorted([*change.kept, *change.added]) == sorted(after)
    assert not set(change.added) & set(before)
