"""A log as auditors look at it, live or exported: how a thread stood, and how it went on."""
