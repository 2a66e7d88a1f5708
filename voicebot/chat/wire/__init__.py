"""What the chat dialects share on the wire: addresses, API keys, tool calls, model lists, replies, connections.

From the top down: addresses, api_keys, fields, calls, models, failures, replies, connection. A dialect writes a
`ReplyRequest` and reads the answer item by item; `ChatConnection` sends the one and streams the other.
"""
