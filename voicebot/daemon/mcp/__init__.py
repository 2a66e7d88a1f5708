"""`voicebot mcp`: what a coding agent can ask of the daemon, in a process that the agent starts.

From the top down: `channel` is the far end of the control socket for a program with an event loop, `tools` are what an
agent can ask for, `server` speaks its protocol.
"""
