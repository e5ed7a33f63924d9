"""The cache of hashes: right, or silent."""

import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.dataroot import DataRoot, FileState, HashCache

OLD = FileState(size=5, mtime_ns=1, inode=7)


@pytest.fixture
def root(tmp_path) -> DataRoot:
    return DataRoot(tmp_path)


def test_what_was_put_is_found_again_by_another_process(root):
    with HashCache(root) as cache:
        cache.put("questions/a", OLD, "f" * 64)
    with HashCache(root) as cache:
        assert cache.get("questions/a", OLD) == "f" * 64


@pytest.mark.parametrize("change", [{"size": 6}, {"mtime_ns": 2}, {"inode": 8}])
def test_a_file_that_looks_different_is_unknown(root, change):
    with HashCache(root) as cache:
        cache.put("a", OLD, "f" * 64)
    with HashCache(root) as cache:
        assert cache.get("a", OLD._replace(**change)) is None


def test_a_file_that_was_written_a_moment_ago_is_not_remembered(root):
    with HashCache(root) as cache:
        cache.put("a", OLD._replace(mtime_ns=time.time_ns()), "f" * 64)
    with HashCache(root) as cache:
        assert cache.get("a", OLD._replace(mtime_ns=time.time_ns())) is None
        assert sqlite3.connect(root.state / "hashes.sqlite").execute("SELECT count(*) FROM hashes").fetchone() == (0,)


def test_the_state_of_a_file_is_that_of_the_system(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    status = (tmp_path / "a").stat()
    assert FileState.of(status) == FileState(5, status.st_mtime_ns, status.st_ino)


def test_a_file_of_a_far_future_with_a_number_as_large_as_can_be_is_remembered(root):
    status = SimpleNamespace(st_size=0, st_mtime_ns=10**19, st_ino=2**64 - 1)
    state = FileState.of(status)
    with HashCache(root) as cache:
        cache.put("a", state._replace(mtime_ns=1), "f" * 64)
        assert cache.get("b", state) is None
    with HashCache(root) as cache:
        assert cache.get("a", state._replace(mtime_ns=1)) == "f" * 64


@pytest.mark.parametrize("damage", [b"", b"rubbish" * 1000, None])
def test_a_cache_that_is_damaged_or_gone_is_empty_and_works(root, damage):
    with HashCache(root) as cache:
        cache.put("a", OLD, "f" * 64)
    file = root.state / "hashes.sqlite"
    file.unlink() if damage is None else file.write_bytes(damage)
    with HashCache(root) as cache:
        assert cache.get("a", OLD) is None
        cache.put("a", OLD, "e" * 64)
    with HashCache(root) as cache:
        assert cache.get("a", OLD) == "e" * 64


def test_a_cache_that_breaks_while_it_is_used_goes_on_empty(root):
    with HashCache(root) as cache:
        cache.put("a", OLD, "f" * 64)
    with HashCache(root) as cache:
        with sqlite3.connect(root.state / "hashes.sqlite") as database:
            database.execute("DROP TABLE hashes")
        assert cache.get("a", OLD) is None
        cache.put("a", OLD, "e" * 64)
    with HashCache(root) as cache:
        assert cache.get("a", OLD) == "e" * 64


PATHS = st.text("ab/\U0010ffff", min_size=1, max_size=4)


@given(st.dictionaries(PATHS, st.integers(1, 3)), st.lists(st.tuples(st.booleans(), PATHS, st.integers(1, 3))))
def test_in_whatever_order_files_are_asked_for_each_answer_is_of_that_file(tmp_path_factory, known, asked):
    root = DataRoot(tmp_path_factory.mktemp("root"))
    with HashCache(root) as cache:
        for path, size in known.items():
            cache.put(path, OLD._replace(size=size), f"{path} {size}")
    learned = dict(known)
    with HashCache(root) as cache:
        for is_new, path, size in asked:
            if is_new:
                learned[path] = size
                cache.put(path, OLD._replace(size=size), f"{path} {size}")
            elif cache.get(path, OLD._replace(size=size)) is not None:
                assert cache.get(path, OLD._replace(size=size)) == f"{path} {size}"
    with HashCache(root) as cache:
        for path in (*sorted(learned), *sorted(learned, reverse=True), "c"):
            expected = f"{path} {learned[path]}" if path in learned else None
            assert cache.get(path, OLD._replace(size=learned.get(path, 1))) == expected


def test_files_in_order_are_looked_up_by_few_statements(root):
    paths = [f"{number:04d}" for number in range(2000)]
    with HashCache(root) as cache:
        for path in paths:
            cache.put(path, OLD, "f" * 64)
    with HashCache(root) as cache:
        statements = []
        cache._database.set_trace_callback(statements.append)
        assert all(cache.get(path, OLD) for path in paths)
        assert len(statements) < 20


def test_where_no_cache_can_be_kept_work_goes_on_without(tmp_path):
    (tmp_path / ".vmevalkit").write_bytes(b"a file, where the folder should be")
    with HashCache(DataRoot(tmp_path)) as cache:
        cache.put("a", OLD, "f" * 64)
        assert cache.get("b", OLD) is None


@given(
    known=st.sets(st.text("abcé/", min_size=1, max_size=4), max_size=12),
    kept=st.sets(st.text("abcé/", min_size=1, max_size=4), max_size=4),
)
def test_trimming_forgets_files_only_once_they_are_the_greater_part(tmp_path_factory, known, kept):
    root = DataRoot(Path(tmp_path_factory.mktemp("root")))
    with HashCache(root) as cache:
        for path in known:
            cache.put(path, OLD, "f" * 64)
        cache.trim(sorted(kept), len(kept))
        left = {path for path in known if cache.get(path, OLD)}
    assert left == (known & kept if len(known) > 2 * len(kept) else known)
