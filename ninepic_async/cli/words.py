"""How many of what, in words."""

from __future__ import annotations

from attrs import frozen


def many(number: int, item: str) -> str:
    """Say how many there are, within a line."""
    return f"{number:,} {item}{'' if number == 1 else 's'}"


@frozen
class Words:
    """How things are called when they are counted."""

    item: str
    of: str = ""

    def count(self, number: int) -> str:
        """Say how many there are, in a line of its own."""
        return " ".join(filter(None, [many(number, self.item) if number else f"No {self.item}s", self.of]))
