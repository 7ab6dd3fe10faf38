"""Wording of numbers for people."""

from __future__ import annotations


def count_text(number: int, noun: str) -> str:
    """Return a number of things as text, such as ``"1 photo"`` or ``"1,200 photos"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
