"""The desktop edge: one conversation with many callers, behind a socket that only its owner can open.

From the top down: `wire` has the lines, `address` the place and `client` the other end of the socket, `spawn` starts
the daemon, `status_view` shows how it is, `verbs` are the commands that ask it: the light client, which imports the
standard library alone, and little of it. `requests` is what callers have asked for, `dispatcher` the one door to the
conversation, `protocol` checks what comes in, `control` serves the socket, `systemd` tells the service manager, `place`
lets one daemon run at a time, `logs` writes the log, `process` puts it all together.
"""
