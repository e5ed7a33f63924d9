"""All that reads a file, a request or an answer, with input that is damaged or made up."""

import gzip
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.target import BrokenPromiseError, Target, check
from fuzz.targets import TARGETS
from vmevalkit.errors import RecordError, VMEvalError

REPOSITORY = Path(__file__).parents[2]
MEGABYTE = 1 << 20


@st.composite
def damaged(draw, target: Target) -> bytes:
    """Good input with parts cut out, repeated, or replaced by bytes and words that are likely to hurt."""
    data = bytearray(draw(st.sampled_from(target.seeds)))
    words = st.sampled_from([*target.words, b"", b"\0", b"\xff", b"-1", b"\n"]) | st.binary(max_size=8)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + draw(st.sampled_from([0, 1, 8, 1 << 20])))))
        data[start:end] = draw(words) * draw(st.sampled_from([1, 1, 2, 50]))
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_reader_gives_a_value_or_an_error_of_ours_in_one_line(tmp_path_factory, name, data):
    target = TARGETS[name]
    folder = _folder_of(tmp_path_factory, name)
    check(target, data.draw(damaged(target) | st.binary(max_size=64)), folder)


def _folder_of(tmp_path_factory, name: str) -> Path:
    folder = tmp_path_factory.getbasetemp() / f"fuzz-{name}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_calls_good_is_read(tmp_path, name):
    """Otherwise damaging it would show nothing."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].read(seed, tmp_path)


def test_every_target_is_fuzzed_by_coverage_too(tmp_path):
    """A short run of ``make fuzz``: that it works, not what it finds."""
    command = [sys.executable, "-m", "fuzz", "--runs", "8", "--seconds", "20", "--folder", tmp_path]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == list(TARGETS)


def test_a_reader_that_breaks_its_promise_is_found(tmp_path):
    def two_lines(data: bytes, folder: Path) -> object:
        raise VMEvalError("one\nanother")

    with pytest.raises(BrokenPromiseError):
        check(Target("bad", two_lines, (b"",)), b"", tmp_path)
    with pytest.raises(ZeroDivisionError):
        check(Target("bad", lambda data, folder: 1 / 0, (b"",)), b"", tmp_path)


# Memory: what is small on disk and large when it is read


def sparse_tar(path: Path) -> None:
    """A tar file of two kilobytes whose member says that it has four gigabytes."""
    info = tarfile.TarInfo("maze_0000.json")
    info.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    real = 4 << 30
    block[386:398] = b"%011o\0" % 0
    block[398:410] = b"%011o\0" % 0
    block[483:495] = b"%011o\0" % real
    block[148:156] = b"%06o\0 " % (256 + sum(block[:148]) + sum(block[156:]))
    path.write_bytes(bytes(block) + bytes(1024))


def deep(path: Path) -> None:
    path.write_bytes(b'{"pairs": [' + b"[" * 1_000_000)


def packed(path: Path) -> None:
    """A hundred megabytes of blanks in a hundred kilobytes."""
    path.write_bytes(gzip.compress(b" " * (100 * MEGABYTE), 9))


BOMBS = {
    "tar": ("questions-00000.tar", sparse_tar),
    "dataset": ("vmeval_dataset.json", deep),
    "flat-json": ("a.json", deep),
    "record": ("record.json", deep),
    "judge-answer": ("answer", deep),
    "manifest-file": ("manifest.jsonl.gz", packed),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_too_much_takes_little_memory(tmp_path, name):
    place, make = BOMBS[name]
    bomb = tmp_path / place
    make(bomb)
    data = bomb.read_bytes()
    tracemalloc.start()
    try:
        check(TARGETS[name], data, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEGABYTE


def test_a_sparse_member_of_a_tar_file_is_refused_by_name(tmp_path):
    from vmevalkit.export import stream_large_dataset

    path = tmp_path / "questions-00000.tar"
    sparse_tar(path)
    with pytest.raises(RecordError, match=r"maze_0000\.json is no plain file"):
        list(stream_large_dataset(path))


# Found by fuzzing


@pytest.mark.parametrize("name", ["vmevalkit.toml", ".env"])
def test_settings_that_are_no_text_are_an_error_of_ours(tmp_path, monkeypatch, name):
    from vmevalkit.errors import UsageError
    from vmevalkit.settings import load_settings

    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"remote = '\xff'\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_settings()


def test_a_variable_that_happens_to_have_the_name_of_a_table_is_named(monkeypatch):
    from vmevalkit.errors import UsageError
    from vmevalkit.settings import load_settings

    monkeypatch.setenv("MODELS", "gpt")
    with pytest.raises(UsageError, match="models"):
        load_settings(env_file=None)


def test_a_message_of_a_parser_becomes_one_line(tmp_path):
    from vmevalkit.dataroot import read_header

    path = tmp_path / "vmeval_dataset.json"
    path.write_text('{"name": ')
    with pytest.raises(RecordError) as caught:
        read_header(path)
    assert "\n" not in caught.value.message


def test_a_video_with_an_unknown_codec_is_refused(tmp_path):
    from fuzz.targets.films import film
    from vmevalkit.errors import VideoError
    from vmevalkit.media import declared, probe

    path = tmp_path / "film.mp4"
    path.write_bytes(film().replace(b"avc1\0\0\0\0", b"none\0\0\0\0"))
    for read in (declared, probe):
        with pytest.raises(VideoError, match=r"film\.mp4"):
            read(path)


@pytest.mark.parametrize("query", [b"q=\xff", b"\xee", b"model=%ff&q=\xc3"])
def test_an_address_with_bytes_that_are_no_text_is_answered(tmp_path, query):
    TARGETS["request"].read(b"GET /api/results?" + query, tmp_path)
    TARGETS["request"].read(b"GET /browse?" + query, tmp_path)


@pytest.mark.parametrize("address", ["s3://[x/202501151030/data", "file://[srv/lab/202501151030/data"])
def test_an_address_with_square_brackets_is_no_crash(address):
    from vmevalkit.errors import UsageError
    from vmevalkit.settings import Settings
    from vmevalkit.snapshots import open_remote
    from vmevalkit.web.public import public_uri

    assert "srv" not in public_uri(address)
    with pytest.raises(UsageError, match="is not a remote"):
        open_remote(address, Settings(_env_file=None))


def test_a_picture_whose_header_is_cut_short_is_refused(tmp_path):
    from fuzz.targets.films import PICTURE
    from vmevalkit.runner.local import read_frame

    path = tmp_path / "first_frame.png"
    path.write_bytes(PICTURE[:8] + b"\0\0\0\4IHDR" + PICTURE[16:])
    with pytest.raises(RecordError, match="cannot be decoded"):
        read_frame(path)


def test_a_server_that_asks_to_wait_until_an_impossible_date_is_not_waited_for():
    from vmevalkit.replies import retry_after

    headers = {"retry-after": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}
    assert retry_after(headers) is None


def test_an_answer_that_is_nested_very_deeply_is_no_crash():
    from vmevalkit.models._errors import spoken
    from vmevalkit.snapshots.claim import token_of

    assert spoken("[" * 100_000)
    assert token_of(b"[" * 100_000) is None
