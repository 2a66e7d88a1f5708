"""config.toml: what it can say, and how it is read."""
