"""Choose faces that are different enough to be distinguished."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from attrs import evolve, frozen

from ninepic_async.sandbox.pictures.faces import IRISES, Face, all_faces
from ninepic_async.sandbox.pictures.matching import Vectors, distances, face_vector
from ninepic_async.sandbox.pictures.selfies import headshot
from ninepic_async.sandbox.seeded import seeded_rng

STRANGERS: Final = 24
_CANDIDATES: Final = 1200
_DISTANCES: Final = (44.0, 40.0, 36.0, 33.0, 30.0, 28.0, 26.0, 24.0, 22.0, 0.0)
"""Minimum distances between two faces, tried in this order until enough faces are found."""


@frozen(eq=False)
class FaceSet:
    """The faces of an event's participants, their vectors, and faces of strangers."""

    participants: Sequence[Face]
    references: Vectors
    strangers: Sequence[Face]


@lru_cache(maxsize=16)  # choosing takes 0.3 s, and tests start many sandboxes
def choose_faces(seed: str, count: int) -> FaceSet:
    """Return the faces of ``count`` participants."""
    rng = seeded_rng(seed, "looks")
    candidates = rng.sample(list(all_faces()), _CANDIDATES)
    patches = np.stack([face_vector(headshot(face)) for face in candidates])
    chosen = _most_different(patches, count + STRANGERS)
    faces = [evolve(candidates[place], iris=rng.randrange(len(IRISES))) for place in chosen]
    return FaceSet(faces[:count], patches[chosen[:count]], faces[count:])


def _most_different(patches: Vectors, count: int) -> list[int]:
    """Return the indices of ``count`` patches, each different enough from those chosen before."""
    nearest = np.full(len(patches), np.inf)
    chosen: list[int] = []
    for distance in _DISTANCES:
        for place in range(len(patches)):
            if len(chosen) == count:
                return chosen
            if nearest[place] >= distance and nearest[place] > 0:
                chosen.append(place)
                errors = distances(patches, patches[place : place + 1])[:, 0]
                nearest = np.minimum(nearest, errors)
                nearest[place] = 0.0
    return chosen
