"""Whether a data root is whole: what is wrong with it, and putting right what can be derived."""

from vmevalkit.integrity.checking import Options, validate
from vmevalkit.integrity.datasets import parallel_validate, validate_dataset
from vmevalkit.integrity.findings import Code, Finding, Severity
from vmevalkit.integrity.repair import Repair, plan_repairs, repair

__all__ = [
    "Code",
    "Finding",
    "Options",
    "Repair",
    "Severity",
    "parallel_validate",
    "plan_repairs",
    "repair",
    "validate",
    "validate_dataset",
]
