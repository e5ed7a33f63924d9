"""The pipelines: making questions, running models, scoring, auditing; people who score; work on many processes.

Nothing is imported here: each command takes the module that it needs, and starts without the others.
"""
