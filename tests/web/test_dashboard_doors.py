"""Starting and ending the dashboard: ``vmevalkit dashboard``, ``web/app.py`` and ``web/start.sh``."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from dashboard_data import add_question, add_run, run_of

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.errors import UnsafePathError, UsageError
from vmevalkit.web import DashboardConfig, config_from_folders, serve

WEB = Path(__file__).parents[2] / "web"
MEGABYTES_16 = 16 * 1024 * 1024
CLI = [sys.executable, "-m", "vmevalkit", "dashboard"]
APP = [sys.executable, "app.py"]
_URL = re.compile(r"http://\S+")


@contextmanager
def started(command: list[str], **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a dashboard in ``web/``, wait until it tells its URL, and make sure that it ends."""
    process = subprocess.Popen(
        command,
        cwd=WEB,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = _URL.search(line)
        assert url, f"{line}{process.communicate()[1]}"
        yield process, url[0]
    finally:
        process.kill()
        process.communicate()


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Press Ctrl-C; return the exit status and what was said on standard error."""
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def refused(command: list[str], **environment: str) -> tuple[int, str]:
    """Run a command that must end by itself; return the exit status and what was said on standard error."""
    done = subprocess.run(
        command, cwd=WEB, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_the_command_serves_a_data_root_until_ctrl_c(own_root: DataRoot) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"), status="running")
    with started([*CLI, "--data-dir", str(own_root.path), "--port", "0"]) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/api/results", trust_env=False).json()["total"] == 1
        assert interrupted(process) == (0, "")


def test_the_start_script_serves_the_folders_of_its_settings(tmp_path: Path) -> None:
    here, there = DataRoot(tmp_path / "here"), DataRoot(tmp_path / "there")
    add_run(here, run_of("oracle", "maze_0000", experiment="mine"), status="running")
    add_question(there, PairKey("maze", "maze_0000"), ground_truth=False)
    settings = {"OUTPUT_DIR": str(here.outputs / "mine"), "QUESTIONS_DIR": str(there.questions)}
    with started(["./start.sh", "--port", "0"], **settings) as (process, url):
        [result] = httpx.get(f"{url}/api/results", trust_env=False).json()["results"]
        assert (result["experiment"], result["difficulty"]) == ("mine", "easy")
        assert interrupted(process) == (0, "")


@pytest.mark.parametrize("door", [CLI, APP], ids=["command", "app"])
def test_a_port_in_use_is_one_clear_line(door: list[str], own_root: DataRoot, taken_port: int) -> None:
    settings = {"VMEVAL_DATA_DIR": str(own_root.path), "OUTPUT_DIR": str(own_root.outputs / "mine")}
    status, errors = refused([*door, "--port", str(taken_port)], **settings)
    assert status == 2
    assert errors == f"error: port {taken_port} is already in use\nhint: choose another one with --port\n"


@pytest.mark.parametrize("door", [CLI, APP], ids=["command", "app"])
def test_the_network_is_let_in_only_with_a_token(door: list[str], own_root: DataRoot) -> None:
    settings = {"VMEVAL_DATA_DIR": str(own_root.path), "OUTPUT_DIR": str(own_root.outputs / "mine")}
    status, errors = refused([*door, "--host", "0.0.0.0", "--port", "0"], **settings)
    assert status == 2
    assert errors.splitlines() == [
        "error: 0.0.0.0 lets everybody on the network see the data and write scores, and there is no token",
        "hint: add --token SECRET (or set VMEVAL_DASHBOARD_TOKEN), or leave --host away to serve this machine only",
    ]


def test_the_token_comes_from_the_environment_and_is_in_the_address(own_root: DataRoot) -> None:
    command = [*CLI, "--data-dir", str(own_root.path), "--port", "0", "--host", "0.0.0.0"]
    with started(command, VMEVAL_DASHBOARD_TOKEN="a-good-secret") as (_, url):
        assert url.endswith("/?token=a-good-secret")
        root = url.partition("?")[0]
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            assert client.get(f"{root}api/health").status_code == 401
            assert client.get(url).status_code == 200
            assert client.get(f"{root}api/health").status_code == 200


def test_the_command_serves_behind_a_proxy_by_another_name(own_root: DataRoot) -> None:
    command = [*CLI, "--data-dir", str(own_root.path), "--port", "0", "--root-path", "/lab", "--allowed-host", "a.test"]
    with started(command) as (_, url):
        answer = httpx.get(f"{url}/lab/openapi.json", headers={"Host": "a.test"}, trust_env=False)
        assert answer.json()["servers"] == [{"url": "/lab"}]


@pytest.mark.parametrize("door", [CLI, APP], ids=["command", "app"])
def test_a_missing_data_root_is_one_clear_line(door: list[str], tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    settings = {"VMEVAL_DATA_DIR": str(missing), "OUTPUT_DIR": str(missing / "outputs" / "mine")}
    status, errors = refused(door, **settings)
    assert status == 2
    assert errors.splitlines()[0] == f"error: no data root at {missing}"
    assert len(errors.splitlines()) == 2


def test_a_limit_that_is_no_number_is_refused(own_root: DataRoot) -> None:
    status, errors = refused(APP, OUTPUT_DIR=str(own_root.outputs / "mine"), MAX_CONTENT_LENGTH="much")
    assert (status, errors) == (2, "error: MAX_CONTENT_LENGTH must be a number of bytes, not much\n")


def test_the_defaults_of_the_app_are_the_data_folder_beside_it() -> None:
    code = "import app; print(app.OUTPUT_DIR.resolve(), app.QUESTIONS_DIR.resolve(), app.MAX_CONTENT_LENGTH)"
    done = subprocess.run([sys.executable, "-c", code], cwd=WEB, capture_output=True, text=True, check=True)
    data = WEB.parent / "data"
    assert done.stdout.split() == [
        str(data / "outputs" / "pilot_experiment"),
        str(data / "questions"),
        str(MEGABYTES_16),
    ]


def test_the_start_script_can_be_executed() -> None:
    assert os.access(WEB / "start.sh", os.X_OK)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_does_not_exist_is_refused(own_root: DataRoot, port: int) -> None:
    with pytest.raises(UsageError, match=f"port {port} does not exist"):
        serve(DashboardConfig(own_root), port=port, announce=pytest.fail)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 300])
def test_an_address_of_another_machine_is_refused(own_root: DataRoot, host: str) -> None:
    with pytest.raises(UsageError, match=re.escape(host)) as caught:
        serve(DashboardConfig(own_root), host, port=0, announce=pytest.fail)
    assert caught.value.hint


def test_the_experiment_and_the_data_root_come_from_the_output_folder(tmp_path: Path) -> None:
    config = config_from_folders(tmp_path / "outputs" / "mine", tmp_path / "elsewhere", 1)
    root = config.root
    assert (config.experiment, config.max_body_bytes) == ("mine", 1)
    assert (root.path, root.outputs, root.evaluations) == (tmp_path, tmp_path / "outputs", tmp_path / "evaluations")
    assert (root.questions, root.manifest.parent) == (tmp_path / "elsewhere", tmp_path / "elsewhere")


def test_an_output_folder_that_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError, match="experiment"):
        config_from_folders(tmp_path / "outputs" / "a b", tmp_path, 1)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_body_limit_below_one_byte_is_refused(tmp_path: Path, limit: int) -> None:
    with pytest.raises(UsageError, match="MAX_CONTENT_LENGTH"):
        config_from_folders(tmp_path / "outputs" / "mine", tmp_path, limit)
