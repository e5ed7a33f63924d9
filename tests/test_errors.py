"""Errors travel between processes."""

import inspect
import pickle

import pytest

from vmevalkit import errors
from vmevalkit.errors import RecordError, UnknownNameError, VMEvalError
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
