"""The command ``gongdan``."""


def main() -> None:
    """The console's entry."""
    from adapters.cli.program import app

    app()
