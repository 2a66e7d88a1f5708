"""What the chat dialects share on the wire: requests, replies, tool calls and model lists."""
