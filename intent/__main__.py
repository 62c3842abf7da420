"""Makes ``python -m intent`` the same as ``intent``."""

from intent.cli.app import main

if __name__ == "__main__":
    main()
