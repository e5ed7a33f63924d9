"""The commands, and the functions for scripts, as a user meets them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.folders import contents
from support.stores import KEY, SECRET, write_files

from vmevalkit import snapshots
from vmevalkit.cli import main
from vmevalkit.errors import ConflictError, UsageError
from vmevalkit.snapshots import add_version, batch_upload, log_version, sync_to_s3

pytestmark = pytest.mark.s3

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "data" / "s3_sync.py"
FRAME = "questions/chess_task/chess_0000/first_frame.png"


@pytest.fixture
def configured(place, tree, monkeypatch, at, tmp_path):
    """A user's environment: a data root, a remote, credentials, and a minute that stands still."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VMEVAL_REMOTE", place.url)
    monkeypatch.setenv("VMEVAL_DATA_DIR", str(tree.root.path))
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    at("202501151030")
    return place


def run(*arguments, **options):
    """Run Python as a user does."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


# data/s3_sync.py


def test_the_script_uploads_and_logs(configured, files):
    size = sum(map(len, files.values())) / 1e6
    done = run(SCRIPT, "--log", "--message", "First")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"✅ Uploaded {len(files)} files ({size:.1f} MB)"
    assert f"{configured.url}/202501151030/data" in done.stdout
    assert ("ignores conditional writes" in done.stderr) == (configured.kind == "rclone")
    [version] = json.loads(configured.fetch("versions.json"))["versions"]
    assert (version["version"], version["stats"]["change"]) == ("1.0", "First")


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_script_takes_its_own_folder_where_no_other_is_named(configured, tree, tmp_path, monkeypatch):
    monkeypatch.delenv("VMEVAL_DATA_DIR")
    shutil.copy(SCRIPT, tree.root.path)
    done = run(tree.root.path / "s3_sync.py", "--date", "20250115", cwd=tmp_path)
    assert done.returncode == 0
    assert contents(tmp_path / "remote/20250115/data") == {
        path: data for path, data in contents(tree.root.path).items() if path != "s3_sync.py"
    }


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_script_does_not_push_itself_where_there_is_no_data(configured, tmp_path, monkeypatch):
    monkeypatch.delenv("VMEVAL_DATA_DIR")
    (tmp_path / "empty").mkdir()
    shutil.copy(SCRIPT, tmp_path / "empty")
    done = run(tmp_path / "empty" / "s3_sync.py")
    assert done.returncode == 2
    assert "has no evaluations/, outputs/, questions/" in done.stderr
    assert not (tmp_path / "remote").exists()


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_the_script_shows_a_line_per_hundred_files(configured, tree):
    write_files(tree.root.path, {f"outputs/{number}": b"" for number in range(240)})
    lines = run(SCRIPT).stderr.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["   ↳ 100 files...", "   ↳ 200 files..."]


@pytest.mark.parametrize("place", ["folder"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["--date", "2025"], 2, "error: '2025' is not the name of a snapshot"),
        (["--date", "../20250115"], 2, "error: '../20250115' is not the name of a snapshot"),
        (["--data-dir", "nowhere"], 2, "error: no data root at"),
        (["--remote", "ftp://host"], 2, "error: 'ftp://host' is not a remote"),
        (["--remote", "s3://bucket"], 2, "error: no credentials for s3://bucket"),
        (["--message", "x"], 2, "error: --message goes into the version log"),
        (["--date", "20250101"], 1, "error: there is a snapshot 20250101"),
    ],
)
def test_a_mistake_is_one_clear_line(configured, tree, arguments, status, problem):
    assert sync_to_s3(tree.root.path, "20250101").endswith("/20250101/data")
    done = run(SCRIPT, *arguments)
    assert done.returncode == status
    error, hint = done.stderr.splitlines()
    assert error.startswith(problem)
    assert hint.startswith("hint: ")
    assert done.stdout == ""


@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_secrets_are_never_shown(configured, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    done = run(SCRIPT)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_the_functions_can_be_imported_from_the_repository_root():
    code = "from data.s3_sync import batch_upload, log_version, sync_to_s3; print(sync_to_s3.__name__)"
    done = run("-c", code, cwd=REPOSITORY)
    assert (done.stdout, done.stderr) == ("sync_to_s3\n", "")


# The functions


def test_sync_to_s3_returns_the_data_folder(configured, files, capsys):
    assert sync_to_s3() == f"{configured.url}/202501151030/data"
    size = sum(map(len, files.values())) / 1e6
    assert f"✅ Uploaded {len(files)} files ({size:.1f} MB)\n" in capsys.readouterr().err
    assert sync_to_s3() == f"{configured.url}/202501151030/data"
    assert "Nothing has changed since 202501151030" in capsys.readouterr().err


def test_sync_to_s3_takes_a_part_and_a_date(configured, tree):
    uri = sync_to_s3(data_dir=tree.root.path / "outputs", date_prefix="202501151031")
    assert uri == f"{configured.url}/202501151031/data"
    kept = [key for key in configured.objects() if key.startswith("202501151031/data/")]
    assert kept
    assert all(key.startswith("202501151031/data/outputs/pilot/") for key in kept)


def test_sync_to_s3_archives_an_experiment(configured, tree):
    assert sync_to_s3(tree.root.path / "outputs/pilot", "archive/pilot") == f"{configured.url}/archive/pilot/data"


def test_batch_upload_brings_everything(configured, files):
    assert batch_upload(batch_size=3) == f"{configured.url}/202501151030/data"
    assert len([key for key in configured.objects() if "/data/" in key]) == len(files)
    with pytest.raises(UsageError, match="batch_size is 0"):
        batch_upload(batch_size=0)


def test_log_version_finds_the_remote_by_the_address(configured, monkeypatch):
    uri = sync_to_s3()
    monkeypatch.delenv("VMEVAL_REMOTE")
    entry = log_version("1.1-pre", uri, {"change": "Before adding 50 chess puzzles"})
    assert (entry.version, entry.stats["change"]) == ("1.1-pre", "Before adding 50 chess puzzles")
    assert entry.stats["domains"] == {"chess": 2, "maze": 1}
    with pytest.raises(ConflictError):
        log_version("1.1-pre", uri, {})


@pytest.mark.parametrize("place", ["folder"], indirect=True)
@pytest.mark.parametrize("name", ["202501151030", "archive/20250115"])
def test_log_version_finds_a_snapshot_below_a_folder_called_archive(configured, monkeypatch, name):
    """The address can be read in two ways; the manifest says which."""
    if not name.startswith("archive/"):
        monkeypatch.setenv("VMEVAL_REMOTE", f"{configured.url}/archive")
    uri = sync_to_s3(date_prefix=name)
    monkeypatch.delenv("VMEVAL_REMOTE")
    assert log_version("1.0", uri).s3_uri == uri
    assert (("archive/versions.json" in configured.objects()), ("versions.json" in configured.objects())) == (
        not name.startswith("archive/"),
        name.startswith("archive/"),
    )


def test_log_version_says_that_there_is_no_such_snapshot(configured):
    sync_to_s3()
    with pytest.raises(UsageError, match="no snapshot archive/20250101"):
        log_version("1.0", f"{configured.url}/archive/20250101/data")


# The commands


@pytest.fixture
def user(configured):
    """Have the settings of these tests."""


def test_push_says_what_it_did(vmevalkit, configured, tree, files, at):
    status, out, _ = vmevalkit("push")
    assert (status, out.splitlines()[1]) == (0, f"   {configured.url}/202501151030/data")
    at("202501151031")
    assert vmevalkit("push")[1].startswith("✅ Nothing has changed since 202501151030")
    write_files(tree.root.path, {FRAME: b"12345" * 20_000})
    status, out, _ = vmevalkit("push", "--json")
    told = json.loads(out)
    assert (status, told["snapshot"], told["uploaded"], told["copied"]) == (0, "202501151031", 1, len(files) - 1)
    at("202501151032")
    write_files(tree.root.path, {FRAME: b"1234" * 20_000})
    assert vmevalkit("push")[1].splitlines()[0] == (
        f"✅ Uploaded 1 files (0.1 MB), copied {len(files) - 1} unchanged ones on the remote"
    )


def test_a_push_of_nothing_new_logs_the_latest_snapshot_once(vmevalkit, configured):
    vmevalkit("push")
    assert vmevalkit("push", "--log")[1].endswith("logged as v1.0\n")
    status, _, err = vmevalkit("push", "--log")
    assert status == 0
    assert "in the version log as v1.0 already" in err
    assert vmevalkit("push", "--log-as", "release")[1].endswith("logged as vrelease\n")
    assert len(json.loads(configured.fetch("versions.json"))["versions"]) == 2


@pytest.mark.parametrize(
    ("options", "status", "problem"),
    [
        (["--log-as", "a b"], 2, "error: version 'a b' is not a valid name"),
        (["--log-as", "20250101"], 2, "error: version '20250101' would be taken for a snapshot"),
        (["--log-as", "1.0"], 1, "error: there is a version 1.0 already"),
        (["--log", "--log-as", "1.0"], 1, "error: there is a version 1.0 already"),
    ],
)
def test_a_push_that_cannot_be_logged_does_nothing(vmevalkit, configured, tree, at, options, status, problem):
    vmevalkit("push", "--log")
    at("202501151031")
    write_files(tree.root.path, {FRAME: b"another frame"})
    before = [key for key in configured.objects() if not key.startswith(".vmevalkit/")]
    got, out, err = vmevalkit("push", *options, "--json")
    assert (got, out) == (status, "")
    assert err.startswith(problem)
    assert [key for key in configured.objects() if not key.startswith(".vmevalkit/")] == before


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_a_push_that_is_there_and_could_not_be_logged_says_both(vmevalkit, configured, tree, at, monkeypatch):
    """Somebody else takes the name while the files travel."""
    vmevalkit("push")
    at("202501151031")
    write_files(tree.root.path, {FRAME: b"another frame"})
    sent = snapshots.push

    def overtaken(*arguments, **options):
        add_version(configured.open(), "202501151030", version="1.0", mirror=tree.root)
        return sent(*arguments, **options)

    monkeypatch.setattr(snapshots, "push", overtaken)
    status, out, err = vmevalkit("push", "--log-as", "1.0", "--json")
    told = json.loads(out)
    assert (status, told["snapshot"], told["created"], told["version"]) == (1, "202501151031", True, None)
    error, hint = err.splitlines()
    assert error.startswith(
        "error: 202501151031 is on the remote, but could not be logged: there is a version 1.0 already"
    )
    assert hint.startswith("hint: ")
    assert vmevalkit("versions", "add", "202501151031", "--as", "1.1")[0] == 0


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_versions_are_known_through_another_spelling_of_the_remote(vmevalkit, configured, tmp_path):
    vmevalkit("push", "--log")
    (tmp_path / "link").symlink_to(tmp_path / "remote")
    through_link = ("--remote", f"file://{tmp_path / 'link'}")
    assert [row["versions"] for row in json.loads(vmevalkit("snapshots", *through_link, "--json")[1])] == [["1.0"]]
    assert "in the version log as v1.0 already" in vmevalkit("push", "--log", *through_link)[2]
    assert vmevalkit("pull", "1.0", "--to", str(tmp_path / "back"), *through_link)[0] == 0


def test_versions_are_listed_in_the_known_form(vmevalkit, configured, tree, at):
    write_files(tree.root.path, {"outputs/big": bytes(1_250_000)})
    vmevalkit("push", "--log")
    at("202501161030")
    vmevalkit("push", "--force", "--log")
    number = len(contents(tree.root.path))
    expected = (
        "📊 Dataset Versions\n"
        "========================================\n"
        f"v1.0 (20250115) → {configured.url}/202501151030/data\n"
        f"  1.3MB, {number} files\n"
        f"v1.1 (20250116) → {configured.url}/202501161030/data\n"
        f"  1.3MB, {number} files\n"
    )
    assert vmevalkit("versions") == (0, expected, "")
    assert vmevalkit("versions", "--local") == (0, expected, "")
    assert vmevalkit("versions", "--json")[1] == configured.fetch("versions.json").decode()


def test_pull_brings_back_a_version(vmevalkit, files, tmp_path):
    vmevalkit("push", "--log")
    status, out, _ = vmevalkit("pull", "1.0", "--to", str(tmp_path / "back"))
    assert (status, out.split(":")[0]) == (0, "202501151030")
    assert contents(tmp_path / "back") == files


def test_pull_names_what_failed_and_exits_with_1(vmevalkit, configured, files, tmp_path):
    vmevalkit("push")
    configured.open().write(f"202501151030/data/{FRAME}", b"flipped")
    status, out, err = vmevalkit("pull", "--to", str(tmp_path / "back"), "--json")
    assert (status, json.loads(out)["failed"]) == (1, 1)
    assert err.startswith(f"error: {FRAME}: ")
    assert len(contents(tmp_path / "back")) == len(files) - 1


def test_snapshots_are_listed_with_their_versions(vmevalkit, configured, at):
    vmevalkit("push", "--log")
    vmevalkit("push", "--date", "archive/pilot")
    configured.open().write("20250116/manifest.jsonl.gz", b"rubbish")
    status, out, err = vmevalkit("snapshots", "--json")
    told = [(row["snapshot"], row["latest"], row["versions"]) for row in json.loads(out)]
    assert told == [("202501151030", True, ["1.0"]), ("archive/pilot", False, [])]
    assert (status, err.split(": ")[1]) == (1, f"{configured.url}/20250116/manifest.jsonl.gz")
    table = vmevalkit("snapshots")[1].splitlines()
    assert table[1].split() == ["202501151030", str(json.loads(out)[0]["files"]), "0.0", "all", "1.0", "latest"]


@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_an_unknown_version_shows_the_near_ones(vmevalkit, tmp_path):
    vmevalkit("push", "--log")
    status, _, err = vmevalkit("pull", "1.1", "--to", str(tmp_path / "back"))
    assert (status, err) == (2, "error: unknown version: 1.1\nhint: did you mean 1.0?\n")


@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_settings_come_from_a_dotenv_file(configured, monkeypatch, tmp_path, capsys):
    names = ["VMEVAL_REMOTE", *configured.environment]
    (tmp_path / ".env").write_text("".join(f"{name}={os.environ[name]}\n" for name in names))
    for name in names:
        monkeypatch.delenv(name)
    assert main(["push"]) == 0
    assert f"{configured.url}/202501151030/data" in capsys.readouterr().out


def test_a_snapshot_is_named_and_the_name_taken_back(vmevalkit, configured):
    vmevalkit("push")
    uri = f"{configured.url}/202501151030/data"
    assert vmevalkit("versions", "add", "--as", "1.1-pre", "--message", "Before")[1] == f"logged {uri} as v1.1-pre\n"
    status, plan, _ = vmevalkit("versions", "remove", "1.1-pre")
    assert status == 0
    assert plan.splitlines() == [
        f"v1.1-pre (20250115) → {uri}",
        "Nothing was done: --yes takes this name out of the log; the snapshot stays.",
    ]
    assert len(json.loads(configured.fetch("versions.json"))["versions"]) == 1
    assert vmevalkit("versions", "remove", "1.1-pre", "--yes")[1] == f"removed v1.1-pre from the log; {uri} stays\n"
    assert json.loads(configured.fetch("versions.json")) == {"versions": []}


def test_what_the_snapshot_lacks_is_listed_and_removed_only_with_yes(vmevalkit, files, tmp_path):
    vmevalkit("push")
    write_files(tmp_path / "back", {"questions/old.txt": b"old", "outputs/old.txt": b"old"})
    pull = ("pull", "--to", str(tmp_path / "back"), "--delete")
    status, plan, _ = vmevalkit(*pull)
    assert (status, plan.splitlines()[:2]) == (0, ["- outputs/old.txt", "- questions/old.txt"])
    assert set(contents(tmp_path / "back")) == {"questions/old.txt", "outputs/old.txt"}
    assert vmevalkit(*pull, "--max-delete", "1", "--yes")[0] == 2
    status, out, _ = vmevalkit(*pull, "--yes")
    assert (status, "2 removed" in out) == (0, True)
    assert contents(tmp_path / "back") == files


def test_a_snapshot_can_be_named_together_with_its_remote(vmevalkit, configured, files, tmp_path, monkeypatch):
    vmevalkit("push", "--log")
    monkeypatch.setenv("VMEVAL_REMOTE", "file:///elsewhere")
    assert vmevalkit("pull", f"{configured.url}@1.0", "--to", str(tmp_path / "back"))[0] == 0
    assert contents(tmp_path / "back") == files
    status, _, err = vmevalkit("pull", f"{configured.url}@1.0", "--to", "x", "--remote", configured.url)
    assert (status, "names a remote, and so does --remote" in err) == (2, True)


def test_an_incremental_push_says_what_it_left_where_it_is(vmevalkit, tree, files, at):
    vmevalkit("push")
    write_files(tree.root.path, {FRAME: b"another frame"})
    at("202501151031")
    status, out, _ = vmevalkit("push", "--incremental")
    assert status == 0
    assert out.splitlines()[0].endswith(
        f"Uploaded 1 files (0.0 MB), {len(files) - 1} unchanged ones stay where they are"
    )


def test_check_tries_all_that_a_remote_is_needed_for(vmevalkit, configured):
    status, out, _ = vmevalkit("check", "--only", "remote", "--json")
    told = json.loads(out)
    passed = {check["name"]: check["passed"] for check in told["checks"]}
    assert (status, told["passed"]) == (0, True)
    assert passed == {
        "s3_configured": True,
        "remote_reachable": True,
        "remote_list": True,
        "remote_write": True,
        "remote_read": True,
        "remote_delete": True,
        "remote_conditional_writes": configured.kind != "rclone",
    }
    assert not [key for key in configured.objects() if "access-" in key]
    assert vmevalkit("check", "--only", "remote")[1].splitlines()[0].startswith("✅ s3_configured")


@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_check_says_what_is_missing_and_stops_there(vmevalkit, monkeypatch):
    monkeypatch.setenv("VMEVAL_REMOTE", "s3://no-such-bucket")
    status, out, _ = vmevalkit("check", "--only", "remote")
    assert status == 1
    assert [line.split()[:2] for line in out.splitlines()] == [["❌", "s3_configured"], ["❌", "remote_reachable"]]
    assert out.endswith("no such bucket; make the bucket, or name another one with S3_BUCKET or --remote\n")


@pytest.mark.parametrize("place", ["moto"], indirect=True)
def test_a_profile_is_used_where_no_keys_are_set(configured, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "credentials").write_text(f"[lab]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    assert main(["push"]) == 0
    assert f"{configured.url}/202501151030/data" in capsys.readouterr().out
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["push"]) == 2
    assert "The config profile (nobody) could not be found" in capsys.readouterr().err
