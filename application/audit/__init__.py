"""Time travel for auditors: what moments are, how two of them differ, when a replay types what."""
