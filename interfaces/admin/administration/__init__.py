"""The pages of administration: users, keys, agents and their tools, webhooks."""
