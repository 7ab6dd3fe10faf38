"""How many of what, in words."""

from __future__ import annotations

from attrs import frozen


@frozen
class Words:
    """How things are called when they are counted."""

    item: str
    of: str = ""

    def count(self, number: int) -> str:
        """Say how many there are."""
        many = f"{number:,} {self.item}{'' if number == 1 else 's'}"
        return " ".join(filter(None, [many if number else f"No {self.item}s", self.of]))
