"""Small worlds, and what their comments are decided by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eval.world.decided import MeasuredDecisions, measured_decisions
from eval.world.knobs import WorldKnobs
from eval.world.made import World, make_world
from intent.bootstrap.resources import locate
from intent.classify.route import load_route
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.model.taxonomy import Taxonomy

SMALL = 6_000


@pytest.fixture(scope="session")
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.fixture(scope="session")
def topics(definitions: Definitions) -> Topics:
    return Topics(definitions.groups)


@pytest.fixture(scope="session")
def decisions(topics: Topics, taxonomy: Taxonomy) -> MeasuredDecisions:
    return measured_decisions(topics, taxonomy, load_route(locate("prompts") / "route.yaml"))


@pytest.fixture(scope="session")
def made(decisions: MeasuredDecisions, topics: Topics) -> Callable[..., World]:
    """Return a maker of small worlds."""

    def make(seed: int = 1, **knobs: float) -> World:
        chosen = WorldKnobs(**{"impressions": SMALL, "days": 4, "creators": 60, **knobs})  # type: ignore[arg-type]
        return make_world(chosen, seed, decisions, topics)

    return make
