"""A worker of the service in a process of its own, with a classifier that decides nothing, or with
the one that ships.
"""

from __future__ import annotations

import sys

from eval.bench.constant import ConstantClassifier
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_classifier, build_worker
from intent.cli.stopping import stopping
from intent.telemetry import configure_logs


def main() -> None:
    """Work until told to stop; argument 1 may be ``shipped``."""
    app = open_application()
    configure_logs("error")
    with stopping() as stop:
        shipped = sys.argv[1:] == ["shipped"]
        classifier = build_classifier(app) if shipped else ConstantClassifier(app.taxonomy)
        build_worker(app, stop, lambda report: None, classifier=classifier).run()


if __name__ == "__main__":
    main()
