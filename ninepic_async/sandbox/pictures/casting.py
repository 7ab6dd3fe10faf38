"""Choosing faces so unlike each other that none is taken for another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from attrs import evolve, frozen

from ninepic_async.sandbox.pictures.faces import IRISES, Look, all_looks
from ninepic_async.sandbox.pictures.matching import Vectors, face_vector, unlikeness
from ninepic_async.sandbox.pictures.selfies import headshot
from ninepic_async.sandbox.seeded import rng

STRANGERS: Final = 24
_AUDITIONED: Final = 1200
_APART: Final = (44.0, 40.0, 36.0, 33.0, 30.0, 28.0, 26.0, 24.0, 22.0, 0.0)
"""How unlike two faces have to be, less and less so as they run out."""


@frozen(eq=False)
class Cast:
    """The faces of an event's participants, their patches, and some faces of other people."""

    participants: Sequence[Look]
    references: Vectors
    strangers: Sequence[Look]


@lru_cache(maxsize=16)  # auditions take a third of a second, and tests make sandbox after sandbox
def choose_cast(seed: str, count: int) -> Cast:
    """Faces for so many participants."""
    dice = rng(seed, "looks")
    looks = dice.sample(list(all_looks()), _AUDITIONED)
    patches = np.stack([face_vector(headshot(look)) for look in looks])
    chosen = _most_unlike(patches, count + STRANGERS)
    cast = [evolve(looks[place], iris=dice.randrange(len(IRISES))) for place in chosen]
    return Cast(cast[:count], patches[chosen[:count]], cast[count:])


def _most_unlike(patches: Vectors, count: int) -> list[int]:
    """The places of so many patches, taken in turn if unlike all those taken before."""
    nearest = np.full(len(patches), np.inf)
    chosen: list[int] = []
    for apart in _APART:
        for place in range(len(patches)):
            if len(chosen) == count:
                return chosen
            if nearest[place] >= apart and nearest[place] > 0:
                chosen.append(place)
                errors = unlikeness(patches, patches[place : place + 1])[:, 0]
                nearest = np.minimum(nearest, errors)
                nearest[place] = 0.0
    return chosen
