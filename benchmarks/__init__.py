"""Measurements: `python -m benchmarks NAME`. Every module here with a `main` is one of them."""
