"""Errors travel between processes."""

import inspect
import pickle

import pytest
from pydantic import ValidationError

from vmevalkit import errors
from vmevalkit.dataroot import VersionLog
from vmevalkit.errors import RecordError, UnknownNameError, VMEvalError, first_problem
from vmevalkit.models import provider

KINDS = [
    kind
    for module in (errors, provider)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, VMEvalError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_arrives_as_it_was_sent(kind):
    arguments = {RecordError: ("a.json", "is torn"), UnknownNameError: ("model", "oracel", ["oracle"])}
    error = kind(*next((given for known, given in arguments.items() if issubclass(kind, known)), ("it broke",)))
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(back) is kind
    assert (str(back), vars(back)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"versions": [{"version": 1}]}, "versions.0.version: Input should be a valid string"),
        (3, "record: Input should be a valid dictionary or instance of VersionLog"),
    ],
)
def test_the_first_problem_of_a_record_is_told_with_its_field(value, said):
    with pytest.raises(ValidationError) as invalid:
        VersionLog.model_validate(value)
    assert first_problem(invalid.value) == said
