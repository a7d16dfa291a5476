"""The projector: read models follow the log, are made again beside, and are swapped."""
