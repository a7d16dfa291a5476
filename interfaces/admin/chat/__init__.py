"""Conversations as pages: the list, one of them, and what a person does in it."""
