"""Commands, the chat engine, agents and tools, and the ports through which they reach the world."""
