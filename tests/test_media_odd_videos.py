"""What is found in files that are no ordinary videos, or no videos."""

import av
import numpy as np
import pytest
from support import odd_videos

from vmevalkit import media
from vmevalkit.errors import VideoError
from vmevalkit.media import VideoInfo


@pytest.mark.parametrize("make", odd_videos.NO_VIDEOS, ids=lambda make: make.__name__)
def test_what_is_no_whole_video_is_refused_and_named(make, tmp_path):
    path = make(tmp_path)
    with pytest.raises(VideoError, match=f"^{path.name}: "):
        media.probe(path)


def test_a_file_with_sound_alone_is_said_to_have_no_pictures(tmp_path):
    with pytest.raises(VideoError, match="no video stream"):
        media.probe(odd_videos.audio_only(tmp_path))


def test_the_beginning_of_a_truncated_video_is_sound(tmp_path):
    shown = 0
    with pytest.raises(VideoError):
        for _ in media.read_frames(odd_videos.truncated(tmp_path)):
            shown += 1
    assert 0 < shown < 32


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (odd_videos.ordinary, VideoInfo(128, 96, 16.0, 32, 2.0)),
        (odd_videos.one_frame, VideoInfo(128, 96, 16.0, 1, 1 / 16)),
        (odd_videos.four_k, VideoInfo(3840, 2160, 12.0, 12, 1.0)),
        (odd_videos.ten_minutes, VideoInfo(64, 64, 2.0, 1200, 600.0)),
        (odd_videos.odd_size, VideoInfo(127, 95, 16.0, 16, 1.0)),
        (odd_videos.b_frames, VideoInfo(128, 96, 16.0, 32, 2.0)),
        (odd_videos.webm, VideoInfo(128, 96, 16.0, 32, 2.0)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_odd_video_is_measured(make, expected, tmp_path):
    assert media.probe(make(tmp_path)) == expected


def test_frames_of_unequal_length_are_all_counted_and_their_mean_rate_is_given(tmp_path):
    info = media.probe(odd_videos.variable_rate(tmp_path))
    assert info.frames == 20
    assert info.duration == pytest.approx(29 / 16)
    assert info.fps == pytest.approx(20 / info.duration)


def test_a_picture_under_another_name_is_a_single_frame(tmp_path):
    info = media.probe(odd_videos.picture(tmp_path))
    assert (info.width, info.height, info.frames) == (128, 96, 1)


def test_frames_that_refer_to_later_ones_come_in_the_order_in_which_they_are_shown(tmp_path):
    path = odd_videos.b_frames(tmp_path)
    assert b"elst" in path.read_bytes()
    with av.open(str(path)) as file:
        stored = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
    assert stored != sorted(stored)
    for seen, drawn in zip(media.read_frames(path), odd_videos.pictures(32), strict=True):
        assert np.abs(seen.astype(int) - drawn).mean() < 3
