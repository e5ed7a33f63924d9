"""Keys are planted in every way that the product can be given one; nothing that it writes or says has one in it."""

import contextlib
import io
import json
import logging
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from planted_keys import HEAD, Echo, files_below, forms_of, key_for, leaks, table

from vmevalkit.cli import main
from vmevalkit.dataroot import DataRoot, load_run
from vmevalkit.errors import UsageError
from vmevalkit.evaluators.options import read_options
from vmevalkit.models import catalogue
from vmevalkit.settings import without_key

ENVIRONMENT = (
    *("FAL_KEY", "GEMINI_API_KEY", "LUMA_AGENTS_API_KEY", "REPLICATE_API_TOKEN", "RUNWAYML_API_SECRET"),
    *("WAVESPEED_API_KEY", "AWS_SESSION_TOKEN", "VMEVAL_DASHBOARD_TOKEN"),
)
"""Variables that are set."""
DOTENV = ("OPENAI_API_KEY", "LAB_KEY")
"""Variables that stand in ``.env``."""
TOML = ("aws_access_key_id", "aws_secret_access_key")
"""Settings that stand in ``vmevalkit.toml``."""
KEYS = {name: key_for(name) for name in (*ENVIRONMENT, *DOTENV, *TOML)}

PROVIDERS = {
    "fal": "FAL_KEY",
    "google": "GEMINI_API_KEY",
    "luma": "LUMA_AGENTS_API_KEY",
    "openai": "OPENAI_API_KEY",
    "replicate": "REPLICATE_API_TOKEN",
    "runway": "RUNWAYML_API_SECRET",
    "wavespeed": "WAVESPEED_API_KEY",
}
WAYS = ("s400/cut", "s401/quoted", "s422/base64")


@dataclass(frozen=True)
class Said:
    command: str
    code: int
    text: str


class Lab:
    """A folder with settings, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.root = DataRoot(folder / "data")
        self.said: list[Said] = []

    def do(self, *arguments: str) -> None:
        """Run a command that must end well."""
        said = self.run(*arguments)
        assert said.code == 0, said

    def run(self, *arguments: str) -> Said:
        """Run a command, however it ends, and keep what it says."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = main(arguments)
        self.said.append(Said(" ".join(arguments), code, out.getvalue()))
        return self.said[-1]


def models(url: str) -> dict[str, str]:
    """Return tables of models whose servers repeat the key, by the models' names."""
    found = {}
    for provider, key in PROVIDERS.items():
        for way in WAYS:
            name = f"{provider}-{way.replace('/', '-')}"
            base = f"{url}/{way}/v1" if provider == "openai" else f"{url}/{way}"
            found[name] = table(f"models.{name}", type=provider, model_id="m/n", base_url=base, key=key)
    found["later"] = table("models.later", type="openai", base_url=f"{url}/later/v1", key="OPENAI_API_KEY")
    return found


def judges(url: str) -> dict[str, str]:
    """Return tables of judges whose servers repeat the key, by the judges' names."""
    ways = ("s400/plain", "s401/quoted", "s422/base64", "s500/cut", "told/cut")
    common = {"model": "vl", "key": "LAB_KEY", "attempts": 1}
    return {
        name: table(f"evaluators.{name}", base_url=f"{url}/{way}/v1", **common)
        for way in ways
        if (name := f"judge-{way.replace('/', '-')}")
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory, s3):
    """Run all that takes a key, and keep what it wrote and said."""
    folder = tmp_path_factory.mktemp("lab")
    bucket = s3.bucket("planted")
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    with pytest.MonkeyPatch.context() as patch, Echo() as echo:
        patch.chdir(folder)
        patch.setattr(logging.root, "handlers", [handler])
        patch.setattr(logging.root, "level", logging.INFO)
        for name in ENVIRONMENT:
            patch.setenv(name, KEYS[name])
        Path(".env").write_text("".join(f"{name}='{KEYS[name]}'\n" for name in DOTENV))
        settings = "".join(f"{name} = {json.dumps(KEYS[name])}\n" for name in TOML)
        settings += f"poll_seconds = 0.01\nremote = {json.dumps(bucket)}\naws_endpoint_url = {json.dumps(s3.url)}\n"
        asked, asking = models(echo.url), judges(echo.url)
        Path("vmevalkit.toml").write_text(settings + "\n".join([*asked.values(), *asking.values()]))
        lab = Lab(folder)
        lab.do("create", "--pairs-per-domain", "1", "--domain", "maze", "--size", "256", "--workers", "1")
        lab.do("run", "--model", "static", "--workers", "1")
        lab.run("check", "--model", ",".join(asked))
        lab.run("run", "--model", ",".join(asked), "--dry-run")
        for judge in asking:
            lab.run("evaluate", "--evaluator", judge, "--model", "static", *(["--json"] if "cut" in judge else []))
        for flag in ([], ["--json"]):
            lab.run("run", "--model", ",".join(asked), "--events", "events.jsonl", *flag)
            for command in ("models", "evaluators", "check", "validate", "report", "snapshots", "versions", "index"):
                lab.run(command, *flag)
        lab.do("push", "--date", "202501151030", "--log", "--json")
        lab.do("verify", "latest")
        lab.do("pull", "--to", "again")
        lab.do("gc", "--grace", "0", "--yes")
        lab.do("export", "jsonl", "exported")
        patch.setenv("AWS_ENDPOINT_URL", f"{echo.url}/s403")
        for command in (["push"], ["snapshots", "--json"], ["gc"], ["pull", "--to", "other"], ["check", "--json"]):
            lab.run(*command)
        lab.asked = list(echo.requests)
        lab.log = log.getvalue()
        dashboard(lab)
        lab.folder = folder
        yield lab


def dashboard(lab: Lab) -> None:
    """Start the dashboard, ask it all that it answers, and keep its answers, bodies and headers."""
    lab.answers = []
    command = [sys.executable, "-m", "vmevalkit", "dashboard", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lab.announced = process.stdout.readline()
        found = re.search(r"http://[^/\s]+", lab.announced)
        url = found[0] if found else pytest.fail(lab.announced + process.communicate()[1])
        known = {"Authorization": f"Bearer {KEYS['VMEVAL_DASHBOARD_TOKEN']}"}
        with httpx.Client(base_url=url, trust_env=False, headers=known, timeout=60) as client:
            (run,) = lab.root.iter_runs(model="later")
            names = {**vars(run), "domain": "maze", "task_id": "maze_0000", "evaluator": "human-eval"}
            paths = client.get("/openapi.json").json()["paths"]
            for path in [path for path, methods in paths.items() if "get" in methods]:
                lab.answers.append(client.get(re.sub(r"{(\w+)}", lambda m: str(names.get(m[1], "x")), path)))
            for page in ("/", "/browse", "/question/maze/maze_0000", "/data", "/versions", "/compare"):
                lab.answers.append(client.get(page))
            lab.answers.append(client.get("/", headers={"Authorization": "Bearer wrong"}))
            lab.answers.append(client.get("/api/results", params={"token": KEYS["VMEVAL_DASHBOARD_TOKEN"]}))
            lab.answers.append(client.post("/api/nothing", content=b"{"))
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    lab.said.append(Said("dashboard", process.returncode, rest + errors))


def test_the_servers_were_sent_the_keys(lab):
    """Otherwise nothing that follows would mean anything."""
    sent = "\n".join(value for request in lab.asked for value in request.headers.values())
    for name in (*PROVIDERS.values(), "LAB_KEY", "AWS_SESSION_TOKEN", "aws_access_key_id"):
        assert KEYS[name] in sent, name


def test_what_the_servers_said_was_written_down_and_shown(lab):
    runs = [load_run(lab.root, key) for key in lab.root.iter_runs()]
    reasons = [run.error.message for run in runs if run.error is not None]
    assert len(reasons) >= 2 * len(PROVIDERS)
    assert sum("[key]" in reason for reason in reasons) >= len(PROVIDERS)
    said = "\n".join(one.text for one in lab.said)
    for words in ("[key]", "later", "judge-s401-quoted: status 401", "permission denied"):
        assert words in said


def test_no_file_of_the_data_root_has_a_key_in_it(lab):
    assert any(place == ".vmevalkit/index.sqlite" for place, _ in files_below(lab.root.path))
    assert leaks(files_below(lab.root.path), KEYS) == []


def test_no_file_that_was_exported_logged_or_pulled_has_a_key_in_it(lab):
    places = [lab.folder / name for name in ("exported", "again")]
    assert all(place.is_dir() for place in places)
    events = [("events.jsonl", (lab.folder / "events.jsonl").read_bytes())]
    assert leaks([*files_below(*places), *events], KEYS) == []


def test_nothing_that_was_pushed_has_a_key_in_it(lab, s3):
    import gzip

    import boto3

    client = boto3.client(
        "s3", endpoint_url=s3.url, aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1"
    )
    keys = [found["Key"] for found in client.list_objects_v2(Bucket="planted")["Contents"]]
    assert "202501151030/manifest.jsonl.gz" in keys
    objects = [(key, client.get_object(Bucket="planted", Key=key)["Body"].read()) for key in keys]
    plain = [(key, gzip.decompress(data) if key.endswith(".gz") else data) for key, data in objects]
    assert leaks([*plain, *((key, key.encode()) for key in keys)], KEYS) == []


def test_no_command_says_a_key(lab):
    assert leaks([(one.command, one.text.encode()) for one in lab.said], KEYS) == []


def test_the_dashboard_says_its_token_once_in_the_address_that_it_prints(lab):
    others = {name: key for name, key in KEYS.items() if name != "VMEVAL_DASHBOARD_TOKEN"}
    assert leaks([("the address", lab.announced.encode())], others) == []
    assert "token=" in lab.announced


def test_no_answer_of_the_dashboard_has_a_key_in_it(lab):
    assert sum(answer.status_code == 200 for answer in lab.answers) > 10
    answers = [
        (str(answer.request.url.path), answer.content + str(answer.headers).encode() + str(answer.history).encode())
        for answer in lab.answers
    ]
    assert leaks(answers, KEYS) == []


def test_no_library_logs_a_key(lab):
    assert leaks([("the log", lab.log.encode())], KEYS) == []


# The search itself, and the parts


def test_the_search_finds_a_key_in_every_form():
    from base64 import b64encode
    from urllib.parse import quote

    keys = {"K": key_for("any")}
    for text in (
        keys["K"],
        keys["K"][:HEAD],
        quote(keys["K"], safe=""),
        *(b64encode(b"." * shift + keys["K"].encode() + b".").decode() for shift in range(3)),
    ):
        assert leaks([("here", f"<{text}>".encode())], keys), text
    assert leaks([("here", b"nothing of it")], keys) == []


@pytest.mark.parametrize("form", sorted(forms_of(key_for("any"))))
def test_the_forms_of_a_key_are_long_enough_to_be_no_accident(form):
    assert len(form) >= HEAD


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wrong key abcdefghijkl", "wrong key [key]"),
        ("abcdefghijkl, abcdefghijkl", "[key], [key]"),
        ("cut off: abcdefghi", "cut off: [key]"),
        ("abcdefgh*****", "[key]*****"),
        ("YWJjZGVmZ2hpamts is base64", "[key] is base64"),
        ("nothing of it: abcdefg", "nothing of it: abcdefg"),
    ],
)
def test_a_key_is_taken_out_of_a_text(text, shown):
    assert without_key(text, "abcdefghijkl") == shown


def test_without_a_key_a_text_stays_as_it_is():
    assert without_key("all of it", "") == "all of it"


@pytest.mark.parametrize("key", ["sk-proj-abcdefghijkl", "r8_AbCdEfGhIjKl", "0123456789abcdef"])
def test_a_key_in_the_place_of_a_variables_name_is_refused_and_not_repeated(key):
    own = {"type": "openai", "base_url": "http://127.0.0.1:9/v1", "key": key}
    with pytest.raises(UsageError) as model:
        catalogue({"mine": own})
    with pytest.raises(UsageError) as judge:
        read_options("mine", {"base_url": "http://127.0.0.1:9/v1", "key": key})
    for error in (model.value, judge.value):
        assert key[:HEAD] not in f"{error.message} {error.hint}"
        assert ".env" in error.message
