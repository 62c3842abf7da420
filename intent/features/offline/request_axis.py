"""The requests of one view on one axis: sorted by entity, then by time, each with its place. What
counts from one request on is added at its place, and added up along the axis, entity by entity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]


class RequestAxis:
    """The rows of a spine with a key, as requests: those of one entity at one time are one.

    Attributes:
        size: number of requests; as a place it stands for none.
        of_row: the place of each row's request.
        k: the entity of each request.
        time: when each request asks, in microseconds.
    """

    def __init__(self, k: Integers, time: Integers) -> None:
        self._times, rank = np.unique(time, return_inverse=True)
        self._stride = len(self._times) + 1
        self._requests, of_row = np.unique(k * self._stride + rank, return_inverse=True)
        self.of_row: Integers = of_row
        self.size = len(self._requests)
        self.k: Integers = self._requests // self._stride
        self.time: Integers = self._times[self._requests % self._stride]
        self._entities = Stretches(np.diff(self.k, prepend=-1) != 0)

    def ranked(self, k: Integers, at: Integers) -> Integers:
        """Return numbers that are in the order of entity and time, as far as requests tell times
        apart.
        """
        ranks: Integers = k * self._stride + np.searchsorted(self._times, at)
        return ranks

    def place(self, k: Integers, ranked: Integers) -> Integers:
        """Return the place of the first request of an entity at or after a time, ``size`` where
        there is none; quickest where ``ranked`` is sorted.
        """
        found = np.searchsorted(self._requests, ranked)
        of = np.append(self.k, -1)[found]
        return np.where(of == k, found, self.size)

    def running(self, changes: Integers) -> Integers:
        """Return changes, one a place, added up from each entity's first request on."""
        return self._entities.running(changes)

    def running_max(self, values: Integers) -> Integers:
        """Return the largest value from each entity's first request up to each."""
        distinct, rank = np.unique(values, return_inverse=True)
        above = self._entities.number * len(distinct)
        highest: Integers = distinct[np.maximum.accumulate(rank + above) - above]
        return highest

    def blocks(self, size: int) -> tuple[Integers, Stretches]:
        """Return the begin of each request's block of time, and the stretches of requests of one
        entity in one block.
        """
        block = self.time // size * size
        begins = np.diff(self.k, prepend=-1) != 0
        begins[1:] |= np.diff(block) != 0
        return block, Stretches(begins)

    def ended(self, place: Integers, first: Integers) -> Integers:
        """Return ``place``, or the place after the last request of the entity at ``first`` where it
        is none.
        """
        last = self._entities.end_of(first)
        return np.where(place == self.size, last, place)


class Stretches:
    """A division of the axis into stretches of neighbouring places."""

    def __init__(self, begins: Truths) -> None:
        self._begins: Integers = np.flatnonzero(begins)
        self.number: Integers = np.cumsum(begins) - 1
        self._ends = np.append(self._begins[1:], len(begins))

    def running(self, changes: Integers) -> Integers:
        """Return changes added up from the begin of each stretch on. What overflows on the way
        is taken off again.
        """
        total = np.cumsum(changes)
        before = total[self._begins] - changes[self._begins]
        running: Integers = total - before[self.number]
        return running

    def totals(self, changes: Integers) -> Integers:
        """Return the sum of the changes of each stretch."""
        return np.add.reduceat(changes, self._begins) if len(changes) else changes

    def first(self, values: Integers) -> Integers:
        """Return the value at the begin of each stretch."""
        return values[self._begins]

    def end_of(self, place: Integers) -> Integers:
        """Return the place after the stretch of a place."""
        return self._ends[self.number[place]]


def highest_over(size: int, begin: Integers, end: Integers, values: Integers) -> Integers:
    """Return the largest value of the intervals ``[begin, end)`` over each of ``size`` places, -1
    where there is none. Values are at least 0.

    Each interval is two overlapping ones of a power of two, and these are halved step by step.
    """
    level = np.frexp((end - begin).astype(float))[1] - 1  # exact: lengths are below 2**53
    highest = np.full(size, -1, dtype=np.int64)
    for power in range(int(level.max(initial=0)), -1, -1):
        width = 1 << power
        mine = level == power
        np.maximum.at(highest, begin[mine], values[mine])
        np.maximum.at(highest, end[mine] - width, values[mine])
        if power:
            half = width // 2
            later = highest[:-half].copy()
            np.maximum(highest[half:], later, out=highest[half:])
    return highest


def sorting(numbers: Integers) -> Integers:
    """Return the places of numbers, none below 0, in their order; equal ones stand in any order."""
    bits = len(numbers).bit_length()
    if int(numbers.max(initial=0)).bit_length() + bits > 63:
        return np.argsort(numbers)
    # Numbers alone are sorted in half the time, with their places in their lowest bits.
    packed = numbers << bits
    packed |= np.arange(len(numbers))
    packed.sort()
    packed &= (1 << bits) - 1
    return packed
