"""The door for Home Assistant: voice and conversation agent by the Wyoming protocol.

From the top down: `events` on the wire, `info` says what there is, `speech` sends audio and `replies` text, `server`
serves connections with these, at a `place`, which `door` opens: in the daemon, or in a process of its own.
"""
