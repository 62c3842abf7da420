"""Builds who is measured, from settings and the same bootstrap as the service."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from eval.data.lint import comparable
from eval.run.cascade_subject import CascadeSubject
from eval.run.hearing import Hearing
from eval.run.items import Item
from eval.run.llm_subject import LlmSubject
from eval.run.manifest import Decider
from eval.run.parameters import with_parameters
from eval.run.rehearsal import CountingAnswerer, Rehearsal, UnwrittenReplies
from eval.run.replies import RunLedger, RunReplies, refuse
from eval.run.request import RunRequest
from eval.run.servers import server_asked
from eval.run.subject import LocalSubject, Subject
from eval.run.suite import Suite, digest
from intent.bootstrap.application import Application, migrations_dir, open_database, sqlite_url
from intent.bootstrap.deciding import build_classifier, build_local, build_unsure
from intent.bootstrap.llm import build_answerer, build_exchange, build_prompt
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings, load_settings
from intent.classify.llm.batch import prepare
from intent.classify.llm.models import Model
from intent.classify.llm.prompt import Prompt
from intent.classify.llm.promptfile import Examples
from intent.classify.local.modelfile import DESCRIPTION, Description
from intent.classify.route import expected_cost, load_route
from intent.model.datafile import read_data
from intent.model.decision import Decision, Versions
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.ports.asking import Replies
from intent.store.access import Access
from intent.store.ledger import SqlReplies
from intent.store.migrate import migrate

NOWHERE = "http://127.0.0.1:9/v1"
"""Stands for a server in offline runs; nothing is ever sent to it."""


def assemble(
    request: RunRequest,
    suite: Suite,
    everything: Sequence[Item],
    closing: ExitStack,
    rehearsal: Rehearsal | None = None,
) -> Subject:
    """Build the subject that was asked for.

    Args:
        everything: all messages of the suite, for the messages before others.
        closing: closes what was opened, when the run is over.
        rehearsal: counts what would be asked; then nobody is asked, and nothing is written down.

    Raises:
        OperatorError, TemplateError: model, prompt or server are not as they must be.
    """
    by = request.by or suite.by
    settings = settings_of(request)
    if request.fresh:
        settings = settings.model_copy(update={"cache_size": 0})
    if request.model or request.lead_threshold is not None:
        settings = settings.model_copy(update={"model_dir": _model(request, settings)})
    if by == "local":
        return _local(settings, request)
    settings = _llm(request, suite, settings)
    asking = _asking(request, suite, settings, everything, closing, rehearsal)
    return asking if by == "llm" else _cascade(request, settings, asking)


def settings_of(request: RunRequest) -> Settings:
    """Return the environment's settings, with the prompts that were asked for."""
    settings = load_settings()
    if request.prompts is not None:
        settings = settings.model_copy(update={"prompts_dir": request.prompts})
    return settings


def _local(settings: Settings, request: RunRequest) -> LocalSubject:
    classifier = build_classifier(Application(settings))
    made = classifier.versions
    return LocalSubject(
        classifier,
        Decider(
            by="local",
            taxonomy=made.taxonomy,
            model=made.model,
            calibration=made.calibration,
            settings=_by_hand(request),
        ),
    )


def _llm(request: RunRequest, suite: Suite, settings: Settings) -> Settings:
    """Return the settings with the LLM and the parameters that were asked for."""
    if request.llm is not None:
        settings = settings.model_copy(update={"llm_model": request.llm})
    if request.parameters:
        prompt = build_prompt(Application(settings), request.prompt or suite.prompt)
        folder = request.out.with_name(f"{request.out.name}.prompts")
        copy = with_parameters(prompt, request.parameters, folder)
        settings = settings.model_copy(update={"prompts_dir": copy})
    return settings


def _by_hand(request: RunRequest) -> dict[str, str | float | bool]:
    named = {"lead_threshold": request.lead_threshold, "ask_above": request.ask_above}
    held = {name: value for name, value in named.items() if value is not None}
    return {**held, **dict(request.parameters)}


def _asking(
    request: RunRequest,
    suite: Suite,
    settings: Settings,
    everything: Sequence[Item],
    closing: ExitStack,
    rehearsal: Rehearsal | None,
) -> LlmSubject:
    name = request.prompt or suite.prompt
    known = {"llm_base_url": NOWHERE} if request.offline else {}
    app = Application(settings.model_copy(update=known))
    prompt = build_prompt(app, name)
    kept = opened_store(request, settings, closing)
    kept = kept if rehearsal is None else UnwrittenReplies(kept)
    server = server_asked(kept, settings.llm_base_url, offline=request.offline)
    replies, ledger = RunReplies(kept, server), RunLedger(request.purse)
    allow = refuse if request.offline else request.purse.reserve
    exchange = build_exchange(app, ledger, prompt=name, allow=allow, measured=True)
    # Ids in requests follow from key and database: without either, the requests of an eval are the
    # same on every machine, and so are their hashes.
    anybody = app.settings.model_copy(
        update={"llm_api_key": None, "database_url": SecretStr("eval")}
    )
    hearing = Hearing(app.taxonomy)
    answerer = build_answerer(
        Application(anybody), ledger, replies, prompt=name, exchange=exchange, heard=hearing
    )
    local = build_local(app)
    model = exchange.model
    decider = _asked(answerer.versions, prompt, model, server).model_copy(
        update={"model": local.versions.model, "settings": dict(request.parameters)}
    )
    pace = f"pace {server} {model.id}"
    counting = rehearsal and CountingAnswerer(
        answerer, replies, model, rehearsal, size=settings.llm_batch, pace=pace
    )
    return LlmSubject(
        counting or answerer,
        replies,
        ledger,
        decider,
        key=cache(lambda claim: prepare(claim, f"{prompt.identity}:{model.id}").key),
        history=rooms(everything),
        local=None if rehearsal is not None else local,
        pace=pace,
        batch=settings.llm_batch,
        whole_rooms=request.failures is not None,
        salt=f"fresh {request.out.resolve()}" if request.fresh else "",
        hearing=None if rehearsal is not None else hearing,
    )


def _asked(made: Versions, prompt: Prompt, model: Model, server: str) -> Decider:
    """Return what answers are made of."""
    return Decider(
        by="llm",
        taxonomy=made.taxonomy,
        calibration=made.calibration,
        prompt=prompt.identity,
        prompt_name=prompt.front.name,
        llm=model.id,
        server=server or "none",
        prices=digest(model.prices.model_dump_json().encode()),
    )


def opened_store(request: RunRequest, settings: Settings, closing: ExitStack) -> Replies:
    """Open the response store, and make it where there is none."""
    request.store.parent.mkdir(parents=True, exist_ok=True)
    database = open_database(
        settings.model_copy(update={"database_url": sqlite_url(request.store)}),
        Access.CREATE,
        checked=False,
    )
    closing.callback(database.close)
    migrate(database, migrations_dir())
    return SqlReplies(database)


def _cascade(request: RunRequest, settings: Settings, asking: LlmSubject) -> CascadeSubject:
    local = _local(settings, request)
    asked = _by_hand(request)
    if request.ask_above is None:
        asked["ask_above"] = load_route(
            locate("prompts", settings.prompts_dir) / "route.yaml"
        ).ask_above
    decider = asking.decider.model_copy(update={"by": "cascade", "settings": asked})
    return CascadeSubject(
        local,
        build_classifier(Application(settings)),
        asking,
        unsure(settings, request.ask_above),
        decider,
    )


def unsure(settings: Settings, ask_above: float | None) -> Callable[[Decision], bool]:
    """Return the rule by which the worker hands decisions on, or the same with another
    threshold.
    """
    if ask_above is None:
        return build_unsure(Application(settings))
    taxonomy, least = Application(settings).taxonomy, ask_above
    return lambda decision: expected_cost(decision, taxonomy) > least


def rooms(items: Sequence[Item]) -> Mapping[tuple[str, str], list[Message]]:
    """Return the messages of each room, in order of time."""
    found: dict[tuple[str, str], list[Message]] = {}
    for item in sorted(items, key=lambda item: (item.message.sent_at, item.message.message_id)):
        found.setdefault(item.room, []).append(item.message)
    return found


def without_examples(items: Sequence[Item], prompt: Prompt) -> list[Item]:
    """Leave out the rooms in which a text of the prompt's examples stands: the model has been told
    their answers.
    """
    path = prompt.path.parent / prompt.front.examples
    shown = {comparable(example.text) for example in read_data(Examples, path).examples}
    known = {item.room for item in items if comparable(item.row.input.text) in shown}
    return [item for item in items if item.room not in known]


def _model(request: RunRequest, settings: Settings) -> Path:
    """Return the folder of the model; with a threshold by hand, a copy of it beside the run that
    differs in nothing else.
    """
    model = request.model or settings.model_dir or locate("models") / "lead_intent"
    if request.lead_threshold is None:
        return model
    copy = request.out.with_name(f"{request.out.name}.model")
    try:
        shutil.copytree(model, copy, dirs_exist_ok=True)
        description = Description.model_validate_json((copy / DESCRIPTION).read_bytes())
    except OSError as error:
        raise OperatorError(
            f"the model {model} cannot be copied to {copy}: {error}; give another folder with -o"
        ) from error
    changed = description.model_copy(update={"lead_threshold": request.lead_threshold})
    (copy / DESCRIPTION).write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return copy
