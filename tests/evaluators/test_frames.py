"""Which frames a judge is shown."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.errors import VideoError
from vmevalkit.evaluators.frames import choose_frames, sample_film
from vmevalkit.media import write_video

SAMPLINGS = ("last", "uniform", "keyframe", "hybrid")


def still(count):
    return np.full((count, 4, 4), 100, dtype=np.uint8)


def changing(count, *cuts):
    small = still(count)
    for number, cut in enumerate(cuts, start=1):
        small[cut:] = 100 + 20 * number
    return small


@pytest.mark.parametrize("sampling", SAMPLINGS)
@given(
    film=st.lists(st.integers(0, 255), min_size=1, max_size=60),
    count=st.integers(1, 20),
    tail=st.integers(0, 80),
)
def test_there_are_never_more_and_the_last_one_is_always_there(sampling, film, count, tail):
    small = np.array(film, dtype=np.uint8)[:, None, None]
    chosen = choose_frames(small, sampling, count, tail=tail)
    assert 1 <= len(chosen) <= count
    assert chosen == sorted(set(chosen))
    assert chosen[0] >= 0
    assert chosen[-1] == len(film) - 1
    assert chosen == choose_frames(small.copy(), sampling, count, tail=tail)


@given(frames=st.integers(1, 80), count=st.integers(1, 30))
def test_uniform_leaves_gaps_that_differ_by_one_at_most(frames, count):
    chosen = choose_frames(still(frames), "uniform", count, tail=0)
    assert len(chosen) == min(frames, count)
    if count > 1:
        assert chosen[0] == 0
        gaps = np.diff(chosen)
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@given(frames=st.integers(1, 80), count=st.integers(2, 30), tail=st.integers(0, 80))
def test_last_stays_within_the_tail(frames, count, tail):
    assert choose_frames(still(frames), "last", count, tail=tail)[0] >= frames - 1 - tail


def test_last_takes_one_frame_or_spreads_over_the_tail():
    assert choose_frames(still(32), "last", 1, tail=16) == [31]
    assert choose_frames(still(32), "last", 3, tail=16) == [15, 23, 31]


def test_hybrid_spreads_some_over_the_film_and_the_rest_over_its_end():
    assert choose_frames(still(49), "hybrid", 12, tail=16) == [0, 4, 8, 12, 16, 20, 24, 28, 32, 37, 43, 48]


def test_hybrid_spreads_evenly_over_a_film_that_is_all_end():
    expected = choose_frames(still(10), "uniform", 6, tail=0)
    assert choose_frames(still(10), "hybrid", 6, tail=16) == expected


def test_hybrid_with_one_frame_takes_the_last():
    assert choose_frames(still(32), "hybrid", 1, tail=8) == [31]


def test_keyframe_takes_the_frames_that_change_most():
    assert choose_frames(changing(40, 12, 25), "keyframe", 4, tail=0) == [0, 12, 25, 39]


def test_keyframe_takes_one_frame_of_a_change_that_goes_on():
    small = still(40)
    for number in range(10, 14):
        small[number:] += 20
    assert choose_frames(small, "keyframe", 3, tail=0) == [0, 10, 39]
    assert sum(8 <= number <= 16 for number in choose_frames(small, "keyframe", 4, tail=0)) == 1


def test_keyframe_takes_two_frames_of_a_film_in_which_nothing_moves():
    assert choose_frames(still(40), "keyframe", 8, tail=0) == [0, 39]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_film_of_one_frame_is_shown(sampling):
    assert choose_frames(still(1), sampling, 8, tail=4) == [0]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two seconds that grow brighter."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_video(path, (np.full((48, 64, 3), 8 * number, dtype=np.uint8) for number in range(32)), fps=16)
    return path


def test_frames_carry_their_time_and_their_pixels(film):
    sampled = sample_film(film, "uniform", 3, tail_seconds=1, max_side=768)
    assert sampled.seconds == 2
    assert [(frame.number, frame.seconds) for frame in sampled.frames] == [(0, 0.0), (16, 1.0), (31, 31 / 16)]
    for frame in sampled.frames:
        assert frame.image.size == (64, 48)
        assert np.asarray(frame.image).mean() == pytest.approx(8 * frame.number, abs=4)


def test_the_tail_is_counted_in_seconds(film):
    sampled = sample_film(film, "last", 2, tail_seconds=0.5, max_side=768)
    assert [frame.number for frame in sampled.frames] == [23, 31]


def test_large_frames_are_shrunk_and_small_ones_are_not_enlarged(film):
    for side, size in ((32, (32, 24)), (64, (64, 48)), (4096, (64, 48))):
        frames = sample_film(film, "last", 1, tail_seconds=1, max_side=side).frames
        assert frames[0].image.size == size


def test_a_film_that_is_cut_short_is_an_error(film, tmp_path):
    data = film.read_bytes()
    (tmp_path / "short.mp4").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(VideoError, match=r"short\.mp4"):
        sample_film(tmp_path / "short.mp4", "hybrid", 8, tail_seconds=1, max_side=768)


def test_memory_does_not_grow_with_the_film(tmp_path):
    path = tmp_path / "long.mp4"
    pixels = np.zeros((360, 640, 3), dtype=np.uint8)
    write_video(path, (np.roll(pixels, number) for number in range(300)), fps=30)
    tracemalloc.start()
    try:
        sample_film(path, "hybrid", 8, tail_seconds=1, max_side=128)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * pixels.nbytes  # the film is 300 times a frame
