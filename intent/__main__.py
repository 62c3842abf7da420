"""Starts the command line: ``intent``, and ``python -m intent``, which is the same."""

import sys


def main() -> None:
    """Load the command line and run it; Ctrl-C while it is being loaded is no fault to report."""
    try:
        from intent.cli.app import main as run  # noqa: PLC0415 - loading takes a second

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
