"""The door for clients of speech-dispatcher: its protocol, SSIP, on a socket of our own.

From the top down: `lines` has the bytes, `replies` the codes, `commands` what a line asks, `ssml` and `words` what is
to be said, `settings` and `messages` what a client has set and sent, `client` one connection, `clients` all
of them, `door` the socket.
"""
