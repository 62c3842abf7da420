"""Feature definitions: versioned data, read from ``definitions.yaml``; a name such as
``user__purchase_intent__count_7d`` says it all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from intent.features.definitions.events import DEMAND_ROLES
from intent.features.definitions.file import SECOND as SECOND
from intent.features.definitions.file import DefinitionsFile, OwnSets
from intent.model.datafile import read_data
from intent.model.errors import OperatorError, TemplateError

MESSAGE = "message"
"""The topic that every decided message carries."""

LEAD = "lead"
"""The group of all that is worth following."""

SHORT_LONG = ("1d", "30d")
"""Half-lives that *short minus long* compares."""

BURST = ("5m", "1h")
"""Windows whose paces *burst* compares."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, read from its name.

    Attributes:
        window: name of the window or half-life; empty where there is none.
        what: what is counted, for ``distinct`` alone: users, rooms, creators or items.
    """

    name: str
    view: str
    topic: str
    statistic: str
    window: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The ordered features that one model version uses; ``version`` is the digest of its content
    and of what the names mean.
    """

    name: str
    features: tuple[Feature, ...]
    version: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def views(self) -> tuple[str, ...]:
        """Views in the order of their first feature."""
        return tuple(dict.fromkeys(feature.view for feature in self.features))


class Definitions:
    """Everything that can be asked for: the file, with the intents and groups of the taxonomy as
    topics.
    """

    def __init__(
        self, file: DefinitionsFile, intents: Iterable[str], groups: Mapping[str, frozenset[str]]
    ) -> None:
        self.views, self.windows, self.half_lives, self.statistics = (
            file.views,
            file.windows,
            file.half_lives,
            file.statistics,
        )
        self.time_to_live = file.time_to_live * SECOND
        self.intents = tuple(intents)
        self.groups = dict(groups)
        self._sets = file.feature_sets

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Every feature by its name."""
        return {feature.name: feature for view in self.views for feature in self._of_view(view)}

    @property
    def set_names(self) -> tuple[str, ...]:
        """Names of the feature sets."""
        return tuple(self._sets)

    def meaning_of_set(self, name: str) -> str:
        """Return what a feature set is for."""
        return self._sets[name].meaning

    def feature(self, name: str) -> Feature:
        """Return a feature by its name.

        Raises:
            OperatorError: there is none of that name.
        """
        if name not in self.features:
            raise OperatorError(f"there is no feature {name!r}; see: intent features list --all")
        return self.features[name]

    def feature_set(self, name: str) -> FeatureSet:
        """Return a feature set by its name.

        Raises:
            OperatorError: there is none of that name.
        """
        if name not in self._sets:
            raise OperatorError(
                f"there is no feature set {name!r}; choose one of: {', '.join(self._sets)}"
            )
        return self.choose(name, self._sets[name].features)

    def choose(self, name: str, features: Iterable[str]) -> FeatureSet:
        """Return a feature set of one's own, such as for one experiment."""
        chosen = tuple(self.feature(feature) for feature in features)
        return FeatureSet(name, chosen, self.digest([feature.name for feature in chosen]))

    def digest(self, names: Iterable[str]) -> str:
        """Return twelve hexadecimal digits over the features' names and all definitions that their
        values depend on, without the others.
        """
        used = [self.feature(name) for name in names]
        views, statistics = (
            {feature.view for feature in used},
            {feature.statistic for feature in used},
        )
        windows, half_lives = (
            {f.window for f in used if self.statistics[f.statistic].by == by}
            for by in ("window", "half_life")
        )
        half_lives |= set(SHORT_LONG if "short_minus_long" in statistics else ())
        windows |= set(BURST if "burst" in statistics else ())
        content = {
            "features": [feature.name for feature in used],
            "views": {
                name: self.views[name].model_dump(include={"keys", "from_rows"}) for name in views
            },
            "distinct": {
                f"{feature.view} {feature.what}": self.views[feature.view].distinct[feature.what]
                for feature in used
                if feature.what
            },
            "statistics": {
                name: self.statistics[name].model_dump(include={"by", "unit", "zero"})
                for name in statistics
            },
            "windows": {name: self.windows[name].model_dump() for name in windows},
            "half_lives": {name: self.half_lives[name] for name in half_lives},
            "time_to_live": self.time_to_live,
            "groups": {
                name: sorted(self.groups[name]) for name in _topics(used) & set(self.groups)
            },
        }
        priors = {name: self.statistics[name].prior for name in statistics}
        if given := {name: prior for name, prior in priors.items() if prior is not None}:
            content["priors"] = given
        if {feature.topic for feature in used} - {MESSAGE}:
            content["demand"] = sorted(DEMAND_ROLES)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()[:12]

    def check_versions(self) -> None:
        """Do nothing if every feature set is what its digest says.

        Raises:
            TemplateError: a set or the meaning of its features was changed under its old name.
        """
        for name, content in self._sets.items():
            digest = self.digest(content.features)
            if content.digest not in (None, digest):
                raise TemplateError(
                    f"the feature set {name} was changed (its digest is {digest}, not "
                    f"{content.digest}); versions are immutable: "
                    "take the change back, or give the new list the next version's name and this "
                    "digest"
                )

    def topics(self, statistic: str) -> tuple[str, ...]:
        """Return the topics that a statistic is defined for."""
        intents = (*self.intents, *self.groups)
        return {
            "all": (MESSAGE, *intents),
            "intents": intents,
            "groups": tuple(self.groups),
            "message": (MESSAGE,),
            "lead": (LEAD,) if LEAD in self.groups else (),
        }[self.statistics[statistic].topics]

    def _of_view(self, view: str) -> Iterator[Feature]:
        for name, statistic in self.statistics.items():
            by = {
                "window": tuple(self.windows),
                "half_life": tuple(self.half_lives),
                "none": ("",),
            }[statistic.by]
            whats = tuple(self.views[view].distinct) if name == "distinct" else ("",)
            if statistic.views and view not in statistic.views:
                continue
            for topic in self.topics(name):
                for what in whats:
                    for window in by:
                        full = "_".join(part for part in (name, what, window) if part)
                        yield Feature(f"{view}__{topic}__{full}", view, topic, name, window, what)


def _topics(used: Iterable[Feature]) -> set[str]:
    """Return the topics that features are made of."""
    leads = {LEAD for feature in used if feature.statistic == "share_of_leads"}
    return {feature.topic for feature in used} | leads


def load_definitions(
    intents: Iterable[str],
    groups: Mapping[str, frozenset[str]],
    path: Path | None = None,
    own_sets: Path | None = None,
) -> Definitions:
    """Read the definitions file, by default the one that ships, and feature sets of one's own.

    Args:
        own_sets: a YAML file with ``feature_sets`` in the same form, added to those of the first.

    Raises:
        TemplateError: a file is missing, holds an unknown key, changes a published version, or
            names a set that is there already.
        OperatorError: a set names a feature that is not there.
    """
    file = read_data(DefinitionsFile, path or Path(__file__).with_name("definitions.yaml"))
    own = read_data(OwnSets, own_sets).feature_sets if own_sets else {}
    if taken := sorted(own.keys() & file.feature_sets):
        raise TemplateError(
            f"{own_sets} defines the feature set {taken[0]}, which ships; give yours another name"
        )
    sets = {**file.feature_sets, **own}
    definitions = Definitions(file.model_copy(update={"feature_sets": sets}), intents, groups)
    definitions.check_versions()
    return definitions
