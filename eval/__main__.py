"""The command ``python -m eval``: puts the verbs together, and turns errors into one sentence and
an exit code.
"""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from eval import asking_threshold
from eval.bench import verbs as bench
from eval.verbs import (
    annotating,
    asserting,
    attacking,
    choosing,
    comparing,
    datasets,
    disagreeing,
    exporting,
    interleaving,
    judging,
    lifting,
    optimising,
    ranking,
    remembering,
    running,
    tuning,
    worlds,
)
from intent.bootstrap.settings import load_settings
from intent.cli.screen import people
from intent.model.errors import IntentError
from intent.telemetry import configure_logs

app = typer.Typer(
    name="eval",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measures decisions: is it better, for whom, at what cost, and may it ship?",
    epilog="Start with: python -m eval run --suite eval/suites/local.yaml",
)
for verb in (
    running.run,
    running.score,
    comparing.compare,
    judging.gate,
    judging.report,
    judging.errors,
    asserting.judge,
    disagreeing.disagreements,
    judging.bless,
    remembering.history,
    remembering.note,
    tuning.calibrate,
    optimising.optimise,
    worlds.world,
    worlds.writers,
    lifting.lift,
    interleaving.interleave,
    interleaving.off_policy,
):
    app.command()(verb)
datasets.app.command()(exporting.export)
datasets.app.command()(choosing.queue)
datasets.app.command(name="add")(choosing.add_messages)
datasets.app.command()(choosing.suspects)
datasets.app.command()(attacking.redteam)
datasets.app.command(name="import")(annotating.import_labels)
app.add_typer(datasets.app, name="data")
app.add_typer(bench.app, name="bench")
app.add_typer(ranking.app, name="rank")
app.command()(asking_threshold.route)


def main() -> None:
    """Run the command line: exit 0 passed, 1 error, 2 wrong use, 100 gate failed, 101 inconclusive
    under --strict.
    """
    try:
        settings = load_settings()
        configure_logs(settings.log_level, as_json=settings.log_json)
        app(standalone_mode=True)
    except IntentError as error:
        people().print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
