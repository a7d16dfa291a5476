"""Who works on the database directly, as the log names them."""

import getpass
import os


def actor() -> str:
    """`operator:` and the name, or at least the number, of the user of this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"operator:{name}"
