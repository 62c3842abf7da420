"""What a run would cost in money and time, before anything is spent."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.run.assemble import assemble
from eval.run.rehearsal import Rehearsal
from eval.run.request import RunRequest
from eval.run.start import laid_out
from intent.model.attempt import NANO


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would ask.

    Attributes:
        messages: all that are decided, each repeat counted.
        kept: those that are answered from the response store.
        asked: those that are sent, in ``requests`` requests; the rest is decided locally.
        input_tokens, output_tokens: as we estimate them.
        dollars: at list prices, without a discount for what is cached; ``dollars_most`` if every
            reply is as long as it may be.
        seconds: by how long batches took before; None where nobody knows.
    """

    messages: int
    kept: int
    asked: int
    requests: int
    input_tokens: int
    output_tokens: int
    dollars: float
    dollars_most: float
    seconds: float | None


def estimate(request: RunRequest) -> Forecast:
    """Return what a run would ask: its own requests are made and counted, none is sent.

    Raises:
        OperatorError, TemplateError: as the run would.
    """
    suite, everything, items = laid_out(request)
    rehearsal = Rehearsal()
    if (request.by or suite.by) != "local":
        with TemporaryDirectory() as scratch, ExitStack() as closing:
            # Asked afresh, the run's folder tells its replies apart; else it need not be touched.
            out = request.out if request.fresh else Path(scratch) / "run"
            subject = assemble(replace(request, out=out), suite, everything, closing, rehearsal)
            for repeat in range(request.repeat):
                for batch in subject.batches(items):
                    subject.decide(batch, repeat)
    seconds = rehearsal.latency
    return Forecast(
        messages=len(items) * request.repeat,
        kept=rehearsal.kept,
        asked=rehearsal.asked,
        requests=rehearsal.requests,
        input_tokens=rehearsal.input_tokens,
        output_tokens=rehearsal.output_tokens,
        dollars=rehearsal.nanodollars / NANO,
        dollars_most=rehearsal.nanodollars_most / NANO,
        seconds=None if seconds is None else seconds * rehearsal.batches / request.jobs,
    )
