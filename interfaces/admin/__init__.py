"""The pages: talk to an agent, watch it work, look back, operate, administer."""
