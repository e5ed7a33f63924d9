"""Videos out and in."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
import pytest

from vmevalkit import media
from vmevalkit.errors import VideoError


def frames(count=8, height=96, width=128):
    for number in range(count):
        frame = np.full((height, width, 3), (240, 217, 181), np.uint8)
        frame[20:60, 8 * number : 8 * number + 30] = (30, 60, 220)
        yield frame


def test_what_is_written_comes_back_up_to_the_loss_of_the_codec(tmp_path):
    path = tmp_path / "a.mp4"
    assert media.write_video(path, frames(), fps=16) == 8
    for seen, drawn in zip(media.read_frames(path), frames(), strict=True):
        assert np.abs(seen.astype(int) - drawn).mean() < 3
    assert (media.last_frame(path) == list(media.read_frames(path))[-1]).all()
    assert media.probe(path) == media.VideoInfo(width=128, height=96, fps=16.0, frames=8, duration=0.5)


def test_flat_colours_keep_their_value(tmp_path):
    path = tmp_path / "a.mp4"
    for colour in ((255, 255, 255), (0, 0, 0), (200, 30, 40), (20, 120, 60)):
        media.write_video(path, [np.full((64, 64, 3), colour, np.uint8)] * 3, fps=8)
        assert np.abs(media.last_frame(path).astype(int) - colour).max() <= 4


def test_the_same_frames_give_the_same_bytes_in_any_process(tmp_path):
    script = (
        "import sys; from pathlib import Path; from vmevalkit import media\n"
        "from test_media import frames; media.write_video(Path(sys.argv[1]), frames(), fps=16)"
    )
    path = tmp_path / "a.mp4"
    digests = set()
    for _ in range(2):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        subprocess.run([sys.executable, "-c", script, path], env=environment, check=True)
        digests.add(sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_index_is_at_the_front_so_that_browsers_start_at_once(tmp_path):
    path = tmp_path / "a.mp4"
    media.write_video(path, frames(), fps=16)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_no_frames_are_no_video(tmp_path):
    with pytest.raises(VideoError, match="no frames"):
        media.write_video(tmp_path / "a.mp4", [], fps=16)


def test_frames_of_odd_size_are_refused(tmp_path):
    with pytest.raises(VideoError, match="cannot be written: 128 x 95 pixels"):
        media.write_video(tmp_path / "a.mp4", frames(height=95), fps=16)


def test_frames_that_x264_is_too_small_for_are_refused(tmp_path):
    with pytest.raises(VideoError, match="cannot be written: 16386 x 2 pixels"):
        media.write_video(tmp_path / "a.mp4", [np.zeros((2, 16386, 3), np.uint8)], fps=16)


def test_an_encoder_without_memory_is_no_fault_of_the_video(tmp_path):
    def drawn():
        yield from frames(2)
        raise av.error.ExternalError(
            av.error.tag_to_code(b"EXT "), "Generic error in an external library"
        )  # So x264 puts it.

    with pytest.raises(MemoryError):
        media.write_video(tmp_path / "a.mp4", drawn(), fps=16)


@pytest.mark.parametrize("look", [media.probe, media.last_frame, lambda path: list(media.read_frames(path))])
class TestBrokenFiles:
    def test_a_file_that_is_missing_is_named(self, tmp_path, look):
        with pytest.raises(VideoError, match=r"a\.mp4: no such file"):
            look(tmp_path / "a.mp4")

    @pytest.mark.parametrize("content", [b"", b"no video at all", bytes(5000)])
    def test_a_file_that_is_no_video_is_named(self, tmp_path, look, content):
        path = tmp_path / "a.mp4"
        path.write_bytes(content)
        with pytest.raises(VideoError, match=r"a\.mp4: "):
            look(path)

    def test_a_video_without_its_end_is_named(self, tmp_path, look):
        path = tmp_path / "a.mp4"
        media.write_video(path, frames(), fps=16)
        path.write_bytes(path.read_bytes()[:1200])
        with pytest.raises(VideoError, match=r"a\.mp4: "):
            look(path)

    def test_a_file_with_nothing_but_sound_says_that_it_has_no_video(self, tmp_path, look):
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44100)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with pytest.raises(VideoError, match="no video stream"):
            look(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_a_video_that_is_cut_short_is_found_out_although_its_beginning_decodes(tmp_path, share):
    rng = np.random.Generator(np.random.PCG64(3))
    frames = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(48)]
    media.write_video(tmp_path / "whole.mp4", frames, fps=16)
    data = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: int(len(data) * share)])
    assert media.probe(tmp_path / "whole.mp4").duration == 3
    with pytest.raises(VideoError, match=r"cut\.mp4: "):
        media.probe(tmp_path / "cut.mp4")
