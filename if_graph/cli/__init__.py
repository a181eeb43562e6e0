"""The ``if-graph`` command: one thin module per sub-command."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    raise NotImplementedError(argv)
