"""Threads, completions, tool executions and accounts: their events, states and decisions."""
