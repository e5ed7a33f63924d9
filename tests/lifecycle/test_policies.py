"""How long things are kept: what the settings may say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit.errors import UsageError
from vmevalkit.lifecycle import RETENTION_POLICIES, Policies
from vmevalkit.settings import Settings, load_settings


def policies(**table) -> Policies:
    return Policies.of(Settings(_env_file=None, retention=table))


def test_the_defaults_are_those_that_are_announced():
    assert dict(RETENTION_POLICIES) == {"questions": None, "outputs": 90, "evaluations": 180, "temp": 7}
    found = policies()
    assert (found.days("outputs", "pilot"), found.days("evaluations", "pilot"), found.temp) == (90, 180, 7)


def test_the_settings_file_changes_them_for_all_and_for_one_experiment():
    Path("vmevalkit.toml").write_text(
        '[retention]\noutputs = 30\ntemp = "forever"\n'
        '[retention.experiments.pilot]\noutputs = "forever"\n[retention.experiments.short]\nevaluations = 1\n'
    )
    found = Policies.of(load_settings())
    assert found.temp is None
    assert {name: found.days("outputs", name) for name in ("pilot", "short", "other")} == {
        "pilot": None,
        "short": 30,
        "other": 30,
    }
    assert {name: found.days("evaluations", name) for name in ("pilot", "short")} == {"pilot": 180, "short": 1}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"questions": 90}, "questions are never removed"),
        ({"output": 90}, "unknown setting in retention: output"),
        ({"outputs": "90 days"}, "retention.outputs: '90 days' is no number of days"),
        ({"outputs": -1}, "retention.outputs"),
        ({"outputs": True}, "retention.outputs"),
        ({"temp": 1.5}, "retention.temp"),
        ({"experiments": 3}, "retention.experiments: is not a table"),
        ({"experiments": {"pilot": 3}}, "retention.experiments.pilot: is not a table"),
        ({"experiments": {"pilot": {"temp": 3}}}, "unknown setting in retention.experiments.pilot: temp"),
        ({"experiments": {"../x": {"outputs": 3}}}, "'../x' is not a valid name"),
    ],
)
def test_what_makes_no_sense_is_named(table, said):
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        policies(**table)


@given(
    st.dictionaries(st.text(max_size=10), st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.integers()))
)
def test_any_table_gives_policies_or_a_usage_error(table):
    try:
        found = policies(**table)
    except UsageError as error:
        assert error.message  # noqa: PT017 - an error is one of the two ends that are right
        return
    assert set(table) <= {"questions", "outputs", "evaluations", "temp", "experiments"}
    assert all(days is None or days >= 0 for days in (found.outputs, found.evaluations, found.temp))
