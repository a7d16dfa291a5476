"""Measurements: `python -m benchmarks NAME`. Every module here is one; `rig` is what they share."""
