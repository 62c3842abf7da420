"""Switching blocks of time within rooms finds the effect, if what an arm leaves behind is left out."""

from __future__ import annotations

import numpy as np
import pytest

from intent.statistics.blocks import compare_blocks, within_rooms
from intent.statistics.randomisation import randomisation_p

ROOMS, MINUTES, BLOCK = 20, 180, 30


def switched(
    runs: int, effect: float, half_life: float, burn_in: int, seed: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw switchbacks minute by minute; return sums of blocks and their rooms: (orders, viewers,
    treated, rooms).
    """
    random = np.random.default_rng([seed, int(half_life * 10), burn_in])
    blocks = MINUTES // BLOCK
    arms = random.integers(0, 2, (runs, ROOMS, blocks)).astype(float)
    now = np.repeat(arms, BLOCK, axis=2)
    felt, left = np.zeros_like(now), 0.5 ** (1 / half_life) if half_life else 0.0
    felt[..., 0] = now[..., 0]
    for minute in range(1, MINUTES):
        felt[..., minute] = left * felt[..., minute - 1] + (1 - left) * now[..., minute]
    viewers = 40 * np.exp(random.standard_normal((runs, ROOMS, 1)))
    rates = 0.05 * np.exp(0.5 * random.standard_normal((runs, ROOMS, 1)))
    # a room's mood changes with the hour, whatever the arms are
    drift = np.exp(0.2 * np.repeat(random.standard_normal((runs, ROOMS, 6)), MINUTES // 6, axis=2))
    orders = random.poisson(viewers * rates * drift * (1 + effect * felt))
    kept = np.arange(MINUTES) % BLOCK >= burn_in

    def summed(of: np.ndarray) -> np.ndarray:
        return (of * kept).reshape(runs, ROOMS, blocks, BLOCK).sum(axis=3).reshape(runs, -1)

    return (
        summed(orders.astype(float)),
        summed(np.broadcast_to(viewers, orders.shape)),
        arms.reshape(runs, -1),
        np.repeat(np.arange(ROOMS), blocks),
    )


def bias(runs: int, half_life: float, burn_in: int, effect: float = 0.2) -> float:
    """Return by what part of itself the effect is missed, on the mean."""
    orders, viewers, arms, rooms = switched(runs, effect, half_life, burn_in)
    found = compare_blocks(orders, viewers, arms, rooms)
    return float((found.difference.mean() / found.control.mean()) / effect - 1)


def alarms(runs: int) -> float:
    return float((compare_blocks(*switched(runs, 0.0, 5.0, 15)).p() < 0.05).mean())


def dealt(runs: int) -> float:
    orders, viewers, arms, rooms = switched(runs, 0.0, 5.0, 15)
    found = [
        randomisation_p(
            within_rooms(orders[run], viewers[run], rooms),
            viewers[run],
            arms[run],
            strata=rooms,
            draws=499,
        )
        for run in range(runs)
    ]
    return float((np.array(found) < 0.05).mean())


def test_four_half_lives_left_out_find_nine_tenths_of_the_effect_and_none_misses_more() -> None:
    assert abs(bias(60, 4.0, 16)) <= 0.1
    assert bias(60, 4.0, 0) < -0.1


def test_blocks_raise_few_false_alarms() -> None:
    assert alarms(200) <= 0.08
    assert dealt(100) <= 0.1


def test_the_error_is_that_of_leaving_one_block_out_with_the_rooms_level_fitted_anew() -> None:
    *sums, rooms = switched(1, 0.2, 5.0, 15)
    orders, viewers, arms = (of[0] for of in sums)
    found = compare_blocks(orders, viewers, arms, rooms)
    left = np.array(
        [
            compare_blocks(*(of[kept] for of in (orders, viewers, arms)), rooms[kept]).difference
            for kept in (np.arange(len(rooms)) != block for block in range(len(rooms)))
        ]
    )
    blocks = len(rooms)
    error = np.sqrt((blocks - 1) / blocks * ((left - found.difference) ** 2).sum())
    assert found.error == pytest.approx(error)
    assert found.freedom == blocks - ROOMS - 1


@pytest.mark.simulate
def test_switchbacks_whole() -> None:
    for half_life, burn_in in ((5.0, 0), (5.0, 10), (5.0, 20), (4.0, 16), (2.0, 8)):
        missed = bias(400, half_life, burn_in)
        print(
            f"switchback: blocks of {BLOCK} min, half-life {half_life:g} min, burn-in {burn_in} "
            f"min ({burn_in / half_life:g} half-lives): bias {missed:+.1%} of the effect"
        )
        assert burn_in < 4 * half_life or abs(missed) <= 0.1
    rate, other = alarms(2000), dealt(1000)
    print(f"switchback: false alarms {rate:.1%}, dealt anew {other:.1%}")
    assert rate <= 0.065
