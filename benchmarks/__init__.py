"""What voicebot promises in numbers, measured: `python -m benchmarks`."""
