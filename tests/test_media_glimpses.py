"""Small pictures out of videos of any length."""

import av
import numpy as np
import pytest
from PIL import Image
from support import odd_videos

from vmevalkit import media
from vmevalkit.errors import VideoError
from vmevalkit.media import glimpsing

LARGE = (10_000, 10_000)
NOT_LARGE = [make for make in odd_videos.VIDEOS if make is not odd_videos.four_k]


def difference(one, other):
    assert one.shape == other.shape
    return np.abs(one.astype(int) - other).mean()


def seeking(monkeypatch):
    """Make all videos count as long ones."""
    monkeypatch.setattr(glimpsing, "_FEW_PIXELS", 0)


@pytest.mark.parametrize("make", odd_videos.VIDEOS, ids=lambda make: make.__name__)
def test_a_single_glimpse_is_the_last_frame(make, tmp_path):
    path = make(tmp_path)
    (picture,) = media.glimpses(path, 1, box=LARGE)
    assert difference(picture, media.last_frame(path)) < 1


@pytest.mark.parametrize("make", NOT_LARGE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("is_long", [False, True])
def test_glimpses_are_even_over_time_from_the_first_frame_to_the_last(make, is_long, tmp_path, monkeypatch):
    path = make(tmp_path)
    if is_long:
        seeking(monkeypatch)
    with av.open(str(path)) as file:
        frames = [(frame.time or 0.0, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]
    pictures = media.glimpses(path, 5, box=LARGE)
    assert len(pictures) == min(5, len(frames))
    assert difference(pictures[0], frames[0][1]) < 1
    assert difference(pictures[-1], frames[-1][1]) < 1
    if len(frames) > 5:
        end = frames[-1][0]
        for number, picture in enumerate(pictures):
            time, _ = min(frames, key=lambda frame: difference(frame[1], picture))
            assert time == pytest.approx(end * number / 4, abs=end / 12 + 0.1)


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("make", odd_videos.NO_VIDEOS, ids=lambda make: make.__name__)
def test_what_is_no_video_is_refused_and_named(make, count, tmp_path):
    path = make(tmp_path)
    with pytest.raises(VideoError, match=f"^{path.name}: "):
        media.glimpses(path, count, box=LARGE)


def test_a_picture_fits_in_the_box_and_keeps_its_shape(tmp_path):
    path = odd_videos.ordinary(tmp_path)  # 128 x 96
    assert media.glimpses(path, 1, box=(64, 1000))[0].shape == (48, 64, 3)
    assert media.glimpses(path, 1, box=(1000, 24))[0].shape == (24, 32, 3)
    assert media.glimpses(path, 1, box=(1000, 1000))[0].shape == (96, 128, 3)


def test_a_picture_is_shrunk_smoothly(tmp_path):
    path = odd_videos.ordinary(tmp_path)
    picture = media.glimpses(path, 1, box=(32, 24))[0]
    whole = Image.fromarray(media.last_frame(path)).resize((32, 24), Image.Resampling.BOX)
    assert difference(picture, np.asarray(whole)) < 3


def test_a_video_has_as_many_glimpses_as_frames_at_most(tmp_path):
    assert len(media.glimpses(odd_videos.one_frame(tmp_path), 8, box=LARGE)) == 1
    three = odd_videos.encoded(tmp_path / "three.mp4", odd_videos.pictures(3))
    assert len(media.glimpses(three, 8, box=LARGE)) == 3


def test_in_a_long_video_only_what_is_near_the_moments_is_decoded(tmp_path, monkeypatch):
    path = odd_videos.encoded(tmp_path / "long.mp4", odd_videos.pictures(400), options={"g": "10"})
    seeking(monkeypatch)
    monkeypatch.setattr(glimpsing, "_MOST_PIXELS", 100 * 128 * 96)  # a quarter of it
    pictures = media.glimpses(path, 4, box=LARGE)
    assert len(pictures) == 4
    assert difference(pictures[-1], media.last_frame(path)) < 1


def test_a_last_frame_that_is_too_far_from_a_key_frame_is_not_looked_for(tmp_path, monkeypatch):
    path = odd_videos.encoded(
        tmp_path / "long.mp4", odd_videos.pictures(200), options={"g": "1000", "sc_threshold": "0"}
    )
    monkeypatch.setattr(glimpsing, "_MOST_PIXELS", 50 * 128 * 96)
    with pytest.raises(VideoError, match="too long"):
        media.glimpses(path, 1, box=LARGE)
