"""The agents and tools that come with Threadlog, and the demo model that needs no key."""
