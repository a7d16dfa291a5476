"""`python -m interfaces.cli`: the command where it is not installed."""

import sys

from interfaces.cli.commands import main

sys.exit(main())
