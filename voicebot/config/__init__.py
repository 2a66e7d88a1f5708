"""config.toml: what it can say, and how it is read.

From the top down: models, files, broker, trust, faults, layers, loading, editing.
"""
