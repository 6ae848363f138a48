"""What became of a bank's first nuggets, and what is new, by hand and under random edits."""

from hypothesis import given
from hypothesis import strategies as st

from nuggets.domain.edits import NuggetList, NuggetState, add, merge, retire, reword, split
from nuggets.domain.lineage import Descent, EditStatistics, edit_statistics

TEXTS = ("one", "two", "three", "four", "five", "six")


def begun(texts=TEXTS) -> NuggetList:
    return NuggetList().inserted(0, [NuggetState(text, origin="copied") for text in texts])


def statistics(now: NuggetList) -> EditStatistics:
    return edit_statistics(
        {
            number: Descent(
                state.origin == "copied", number <= 6 and state.text != TEXTS[number - 1], state.retired, state.parents
            )
            for number, state in now.states.items()
        }
    )


def test_each_first_nugget_has_one_fate_and_new_ones_are_told_by_how_they_were_made():
    now = reword(begun(), 2, "two and a half")
    now = merge(now, [3, 4], "three and four")  # 7
    now = split(now, 5, ["five a", "five b"])  # 8, 9
    now = retire(now, 6)
    now = add(now, "seven")  # 10
    found = statistics(now)
    assert found == EditStatistics(
        kept=1, reworded=1, merged=2, split=1, dropped=1, added=1, made_by_merging=1, made_by_splitting=2
    )
    assert (found.originals, found.now) == (6, 6)


def test_a_bank_that_nobody_edited_is_kept_whole():
    assert statistics(begun()) == EditStatistics(kept=6)
    assert edit_statistics({}) == EditStatistics()


def test_what_was_merged_and_then_retired_is_dropped():
    now = merge(begun(), [1, 2], "both")
    assert statistics(retire(now, 7)) == EditStatistics(kept=4, dropped=2)


def test_a_split_of_which_one_part_is_left_is_a_split():
    now = retire(split(begun(), 1, ["a", "b"]), 7)
    assert statistics(now) == EditStatistics(kept=5, split=1, made_by_splitting=1)


def test_nuggets_merged_of_added_ones_are_added_and_of_both_made_by_merging():
    now = add(add(begun(), "new"), "newer")  # 7, 8
    assert statistics(merge(now, [7, 8], "news"))[:6] == (6, 0, 0, 0, 0, 1)
    mixed = statistics(merge(now, [1, 7], "old and new"))
    assert (mixed.merged, mixed.added, mixed.made_by_merging) == (1, 1, 1)


def test_parts_of_a_split_that_are_merged_again_leave_the_first_nugget_split():
    now = merge(split(begun(), 1, ["a", "b"]), [7, 8], "a and b")
    assert statistics(now) == EditStatistics(kept=5, split=1, made_by_merging=1)


def test_a_parent_in_another_bank_is_passed_over():
    assert edit_statistics({7: Descent(True, False, "", (3,))}) == EditStatistics(kept=1)


@given(st.lists(st.tuples(st.sampled_from("rmsdx"), st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_no_edits_lose_a_first_nugget_or_count_one_twice(edits):
    now = begun()
    for kind, one, other in edits:
        live = now.live
        if not live:
            break
        first, second = live[one % len(live)], live[other % len(live)]
        if kind == "r":
            now = reword(now, first, f"again {one}")
        elif kind == "m" and first != second:
            now = merge(now, [first, second], "together")
        elif kind == "s":
            now = split(now, first, ["left", "right"])
        elif kind == "d":
            now = retire(now, first)
        else:
            now = add(now, "more")
    found = statistics(now)
    assert found.originals == 6
    assert found.now == len(now.live)
