"""The command ``gongdan``."""

import gc


def main() -> None:
    """The console's entry. What is imported stays: the garbage collector looks for none in it, now or later."""
    gc.disable()
    from adapters.cli.program import app

    gc.freeze()
    gc.enable()
    app()
