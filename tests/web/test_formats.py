"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmevalkit.web import formats

NOW = datetime(2025, 1, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2025-01-15T10:30:00.000000Z", "2025-01-15 10:30 UTC"),
        ("2025-01-15T10:30:00", "2025-01-15 10:30 UTC"),
        ("2025-01-15T10:30:00+02:00", "2025-01-15 08:30 UTC"),
        ("yesterday", "yesterday"),
        ("", formats.UNKNOWN),
        (None, formats.UNKNOWN),
    ],
)
def test_times_are_in_utc_and_say_so(text, shown):
    assert formats.when(text) == shown


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=3, hours=5), "3 days ago"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit_that_fits(past, shown):
    assert formats.ago((NOW - past).isoformat(), NOW) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_600, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (5 * 10**18, "5000 PB"),
        (None, formats.UNKNOWN),
    ],
)
def test_sizes_have_two_or_three_digits_and_a_decimal_unit(number, shown):
    assert formats.size(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.00 s"),
        (0.349, "0.35 s"),
        (12.54, "12.5 s"),
        (59.96, "1 min"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
        (7_205, "2 h"),
        (273_700, "3 d 4 h"),
        (None, formats.UNKNOWN),
    ],
)
def test_durations_are_told_in_the_two_largest_units(seconds, shown):
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.994, "99%"), (0.999, ">99%"), (1, "100%"), (None, formats.UNKNOWN)],
)
def test_shares_are_all_or_nothing_only_if_they_are(share, shown):
    assert formats.percent(share) == shown


@given(st.floats(0, 1))
@example(0.005)
@example(0.995)
def test_a_share_never_reads_as_all_or_nothing_unless_it_is(share):
    assert (formats.percent(share) in ("0%", "100%")) == (share in (0, 1))


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (0, "$0"),
        (0.00001, "<$0.0001"),
        (0.0042, "$0.0042"),
        (1.5, "$1.50"),
        (1250.4, "$1,250"),
        (None, formats.UNKNOWN),
    ],
)
def test_money_keeps_cents_and_parts_of_them(usd, shown):
    assert formats.money(usd) == shown


@pytest.mark.parametrize(("p", "shown"), [(0.0001, "p < 0.001"), (0.042, "p = 0.042"), (0.5, "p = 0.50")])
def test_p_values_are_rounded_and_small_ones_told_as_a_bound(p, shown):
    assert formats.p_value(p) == shown


def test_counts_have_separators_scores_one_digit_and_words_their_number():
    assert formats.count(12345) == "12,345"
    assert formats.total(1000, is_exact=False) == "more than 1,000"
    assert formats.total(1000, is_exact=True) == "1,000"
    assert [formats.plural(n, "run") for n in (0, 1, 2000)] == ["0 runs", "1 run", "2,000 runs"]
    assert formats.plural(2, "entry", "entries") == "2 entries"
    assert [formats.score(value) for value in (4, 3.66, None)] == ["4", "3.7", formats.UNKNOWN]
    assert formats.words("two_hops") == "two hops"


def test_what_is_cut_short_says_so():
    assert formats.shortened("a long story", 6) == "a long \N{HORIZONTAL ELLIPSIS}"
    assert formats.shortened("short", 6) == "short"
