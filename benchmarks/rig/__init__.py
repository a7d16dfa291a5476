"""What the benchmarks share: a running system, a model provider, a client, and figures."""
