"""Builds what asks the LLM: prompt, model, exchange and answerer."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.deciding import llm_is_on
from intent.model.errors import OperatorError
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.classify.llm.batch import Heard
    from intent.classify.llm.breaker import State
    from intent.classify.llm.classifier import LlmAnswerer
    from intent.classify.llm.exchange import Allow, Exchange
    from intent.classify.llm.models import Model, Prices
    from intent.classify.llm.prompt import Prompt
    from intent.ports.asking import Chat, Ledger, Replies
    from intent.ports.metering import Meter


def build_prompt(app: Application, name: str = "production") -> Prompt:
    """Read a prompt by its alias or name.

    Raises:
        TemplateError: it is missing or wrong.
    """
    from intent.classify.llm.prompt import load_alias

    return load_alias(app.prompts, name, app.taxonomy)


def build_model(app: Application, prompt: Prompt) -> Model:
    """Look up the model that is asked with a prompt, with its prices and limits.

    Raises:
        OperatorError: nobody knows what it costs.
    """
    from intent.classify.llm.models import choose_model, load_models

    registry = load_models(app.prompts / "models.yaml")
    return choose_model(registry, app.settings.llm_model or prompt.front.model.id, _prices(app))


def build_exchange(
    app: Application,
    ledger: Ledger,
    *,
    prompt: str = "production",
    allow: Allow | None = None,
    stop: Event | None = None,
    measured: bool = False,
    shaped: Callable[[str], bool] | None = None,
) -> Exchange:
    """Connect to the LLM server; nothing is sent yet. Limits and breaker are the server's: build it
    once a process, for all answerers.

    Args:
        prompt: the prompt whose model is asked, where INTENT_LLM_MODEL names no other.
        allow: told before every call what it costs at most, in nanodollars; holds that until the
            call is booked, or raises BudgetSpent.
        stop: set to leave instead of waiting.
        shaped: says of a text whether it has the shape that was asked for; by default that of the
            answers about messages.
        measured: useless replies are what is being measured, and never a reason to stop asking.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
    """
    from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
    from intent.classify.llm.exchange import Exchange, RetryPolicy
    from intent.classify.llm.limits import RateLimits
    from intent.classify.llm.reply import is_reply

    if not llm_is_on(app):
        raise OperatorError(
            "no LLM is configured; set INTENT_LLM_BASE_URL to an OpenAI-compatible server, or "
            "INTENT_LLM_API_KEY"
        )
    model = _used_model(app, build_prompt(app, prompt))
    policy = BreakerPolicy(slow=0.75 * app.settings.llm_timeout)
    requests, tokens = (
        app.settings.llm_requests_per_minute or model.limits.requests,
        app.settings.llm_tokens_per_minute or model.limits.tokens,
    )
    return Exchange(
        _chat(app, model),
        model,
        ledger,
        RateLimits(requests, tokens, stop=stop),
        CallBreaker(
            replace(policy, useless=sys.maxsize) if measured else policy,
            changed=tell_state(app.meter),
        ),
        retries=RetryPolicy(call=app.settings.llm_timeout, attempts=app.settings.llm_attempts),
        allow=allow or (lambda nanodollars: nullcontext()),
        stop=stop,
        shaped=shaped or is_reply,
    )


def _used_model(app: Application, prompt: Prompt) -> Model:
    """Look up the model, and warn of its end."""
    from intent.classify.llm.models import sunset_warning

    model = build_model(app, prompt)
    warning = sunset_warning(model, datetime.now(UTC).date())
    if warning:
        logger("llm").warning(warning)
    return model


def build_answerer(
    app: Application,
    ledger: Ledger,
    replies: Replies,
    *,
    prompt: str = "production",
    exchange: Exchange | None = None,
    stop: Event | None = None,
    heard: Heard | None = None,
) -> LlmAnswerer:
    """Build what asks the LLM with one prompt; without an ``exchange`` it gets one of its own, with
    one it still asks its own prompt's model.

    Raises:
        OperatorError: no LLM is configured, or nobody knows what the model costs.
        TemplateError: the prompt or its calibration is wrong.
    """
    from intent.classify.llm.calibration import load_calibration
    from intent.classify.llm.classifier import AnswererPolicy, LlmAnswerer

    exchange = exchange or build_exchange(app, ledger, prompt=prompt, stop=stop)
    taxonomy, chosen = app.taxonomy, build_prompt(app, prompt)
    model = build_model(app, chosen)
    if model != exchange.model:
        exchange = exchange.with_model(_chat(app, model), model)
    path = app.prompts / "calibration.yaml"
    return LlmAnswerer(
        chosen,
        exchange,
        replies,
        taxonomy,
        load_calibration(path, taxonomy, prompt=chosen.identity, model=model.id),
        # Ids in requests must come out the same after a restart, and authors must not be able to
        # know them: the key is both, and the hash of it says nothing of it.
        secret=hashlib.sha256(f"ids:{_key(app)}:{app.settings.own_database_url}".encode()).digest(),
        policy=AnswererPolicy(messages=app.settings.llm_batch, deadline=app.settings.llm_deadline),
        heard=heard or (lambda batch, completion: None),
    )


def _chat(app: Application, model: Model) -> Chat:
    from intent.classify.llm.client import ChatClient
    from intent.classify.llm.dialect import Dialect
    from intent.classify.llm.metered_chat import MeteredChat

    client = ChatClient(
        app.settings.llm_base_url,
        _key(app),
        Dialect(schema=app.settings.llm_schema, marks_cache=model.cache == "explicit"),
    )
    return MeteredChat(client, app.meter, app.tracer)


def tell_state(meter: Meter) -> Callable[[State], None]:
    """Return what tells a meter the state of the breaker."""
    from intent.classify.llm.breaker import State
    from intent.model.process_instruments import BREAKER

    def tell(now: State) -> None:
        for state in State:
            meter.set(BREAKER, float(state is now), state.value)

    return tell


def _key(app: Application) -> str:
    # A server of one's own mostly wants none, and the client library insists on one.
    return app.settings.llm_api_key.get_secret_value() if app.settings.llm_api_key else "none"


def _prices(app: Application) -> Prices | None:
    from intent.classify.llm.models import Prices

    if app.settings.llm_price_input is None or app.settings.llm_price_output is None:
        return None
    return Prices(
        input=app.settings.llm_price_input,
        output=app.settings.llm_price_output,
        cached=app.settings.llm_price_cached,
        cache_write=app.settings.llm_price_cache_write,
    )
