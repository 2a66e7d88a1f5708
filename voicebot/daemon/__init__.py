"""The desktop edge: one conversation with many callers, behind a socket that only its owner can open.

From the top down: `wire` has the lines, `address` says where, `client` is the far end, `spawn` starts a daemon,
`status_view` shows how it is, `text_sources` has what is selected or copied, `verbs` are the commands that ask. All
these import the standard library alone, and little of it. `requests` is what callers have asked for, `dispatcher` the
one door to the conversation. `protocol` checks what comes in, `caller` answers it, `unix_stream` is how both talk,
`accepting` lets callers in, `control` those of the socket, `systemd` tells the service manager, `place` lets one run at
a time. A door for another protocol is a folder: `ssip` for clients of speech-dispatcher, `mpris` for media keys. `logs`
writes for the operator, `engines` opens and reopens what it speaks with; `wyoming` is Home Assistant's door to these.
`doors` knows which of them are open. `process` puts it all together. Outside of that process, `mcp` is what a coding
agent starts.
"""
