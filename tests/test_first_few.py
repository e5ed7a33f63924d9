"""Long lists: the first few are kept, all are counted."""

from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.first_few import MOST, FirstFew


@given(st.lists(st.integers()), st.integers(0, 20))
def test_the_first_few_are_kept_in_their_order_and_all_are_counted(items, most):
    few = FirstFew[int](most)
    for item in items:
        few.add(item)
    assert (few.first, few.count) == (items[:most], len(items))


def test_a_thousand_are_kept_unless_another_number_is_said():
    few = FirstFew[int]()
    for item in range(MOST + 1):
        few.add(item)
    assert (MOST, len(few.first), few.count) == (1000, 1000, 1001)
