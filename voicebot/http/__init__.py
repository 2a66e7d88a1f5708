"""HTTP for the adapters: clients that cannot leak, decoders without I/O, failures in words.

From the top down: lines, streaming, failures, client.
"""
