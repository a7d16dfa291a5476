"""A model provider that says in each word to which request it belongs."""

import re
from collections import defaultdict
from dataclasses import replace

from tests.model_server import Exchange, ModelServer, Script

WORD = re.compile(r"r(\d+)n(\d+) ")


class TaggingServer(ModelServer):
    """The words of request 17 are `r17n0 r17n1 …`: text of two requests can be told apart."""

    def __init__(self) -> None:
        super().__init__()
        self.by_key: defaultdict[str, list[Exchange]] = defaultdict(list)
        """The requests of each conversation, which its first message names: `conversation:KEY`."""
        self.whole: dict[int, str] = {}
        """By request: what is said when nothing disturbs it, where that has an end."""

    def asked(self, key: str) -> int:
        """How often a model was asked for a conversation."""
        return len(self.by_key[key])

    def _script_for(self, exchange: Exchange) -> Script:
        script = super()._script_for(exchange)
        if script.text is None:
            script = replace(script, tag=f"r{exchange.number}n")
        if script.words is not None and script.text is None:
            self.whole[exchange.number] = "".join(script.pieces())
        self.by_key[exchange.key].append(exchange)
        return script
