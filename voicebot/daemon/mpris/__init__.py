"""The door for media keys: a player on the session bus while something is spoken or paused.

From the top down: `state` is what is shown, `bus` the player on the bus, `door` says when there is one.
"""
