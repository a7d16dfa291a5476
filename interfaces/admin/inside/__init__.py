"""Inside a conversation: its events, how it stood at any moment, what models were asked."""
