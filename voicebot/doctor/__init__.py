"""Looks at everything that has to work before somebody is heard, and says what to run where it does not.

From the top down: `checkup` has what a check is and runs each watched from outside; `places` looks at the
configuration and the folders, `history` at the file of conversations, `running` at the daemon, `server` at the chat
server, `voice` at the voice and how it reads, `sound` at the loudspeaker, `rehearsal` at a whole turn; `examination`
puts them in order.
"""
