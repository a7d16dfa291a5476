"""A projector as a process of its own, which says when it leads: `… URL`."""

import asyncio
import logging
import sys

from infrastructure.projecting.projector import Projector

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    asyncio.run(Projector(sys.argv[1]).run())
