"""The desktop edge: one conversation with many callers, behind a socket that only its owner can open.

From the top down: `wire` has the lines, `address` says where, `client` is the far end, `spawn` starts a daemon,
`status_view` shows how it is, `text_sources` has what is selected or copied, `verbs` are the commands that ask. All
these import the standard library alone, and little of it. `requests` is what callers have asked for, `dispatcher` the
one door to the conversation. `protocol` checks what comes in, `caller` answers it, `control` lets everybody in,
`systemd` tells the service manager, `place` lets one run at a time. Clients of speech-dispatcher come to `ssip_lines`
(bytes), `ssip_replies` (codes), `ssip_commands`, `ssml`, `ssip_words`, `ssip_settings`, `ssip_messages`, `ssip_client`
(one connection) and `ssip` (all of them); media keys to `mpris_state` (what is shown), `mpris_bus` and `mpris`; `doors`
knows which of these are open. `logs` writes for the operator, `engines` opens and reopens what it speaks with. Home
Assistant's door: `wyoming_events` on the wire, `wyoming_info` says what there is, `wyoming_speech` sends audio and
`wyoming_replies` text, `wyoming_server` serves connections with these, at a place of `wyoming_place`, which
`wyoming_door` opens. `process` puts it all together. Outside of that process, `channel` is the far end of the socket
for a program with an event loop, `mcp_tools` are what a coding agent can ask for there, and `mcp_server` speaks its
protocol.
"""
