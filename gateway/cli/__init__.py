"""The command `threekeys`. Each module is one group of commands; nothing but assembly lives here."""

from gateway.cli.main import main

__all__ = ["main"]
