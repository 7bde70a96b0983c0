"""The command ``gongdan``."""

import gc


def main() -> None:
    """Entry point of the console script.

    Imported modules live as long as the process. Freezing them keeps the garbage collector from scanning them, which makes each
    command start faster.
    """
    gc.disable()
    from adapters.cli.program import app

    gc.freeze()
    gc.enable()
    app()
