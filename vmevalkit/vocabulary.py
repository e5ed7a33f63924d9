"""Words that every floor of the house uses, the command line included; imports nothing."""

from typing import Literal, get_args

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)

PromptStyle = Literal["open", "instructed"]
"""``open`` states the task and never gives the answer away; ``instructed`` names the solution."""
PROMPT_STYLES: tuple[PromptStyle, ...] = get_args(PromptStyle)
