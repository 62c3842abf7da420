"""A worker of the service in a process of its own, with a classifier that decides nothing."""

from __future__ import annotations

from eval.bench.constant import ConstantClassifier
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_worker
from intent.cli.stopping import stopping
from intent.telemetry import configure_logs


def main() -> None:
    """Work until told to stop."""
    app = open_application()
    configure_logs("error")
    with stopping() as stop:
        classifier = ConstantClassifier(app.taxonomy)
        build_worker(app, stop, lambda report: None, classifier=classifier).run()


if __name__ == "__main__":
    main()
