"""The live stream of a page: what changes in a conversation, as patches of its HTML."""
