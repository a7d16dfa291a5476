"""Background tools: how they are declared, dispatched, claimed, run and ended."""
