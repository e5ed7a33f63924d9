"""Fuzzing of all that reads a file, a request or somebody else's answer.

Each of `fuzz.targets.TARGETS` takes bytes and gives either a value of the documented type or one error of ours in one
line. The tests try them with Hypothesis; ``python -m fuzz`` looks for input that breaks them with Atheris, guided by
coverage.
"""
