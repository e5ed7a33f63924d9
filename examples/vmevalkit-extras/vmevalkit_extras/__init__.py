"""A model and an evaluator for VMEvalKit."""
