"""A sender as a process of its own, which says when it leads: `… URL`."""

import asyncio
import logging
import sys

from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.sender import WebhookSender

QUICK = Patience(pauses_seconds=(0.05,) * 400)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    asyncio.run(WebhookSender(sys.argv[1], private=True, patience=QUICK).run())
