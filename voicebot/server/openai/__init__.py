"""The OpenAI API, as far as it is about replies and their sound: what speaks to that server speaks to this one.

From the top down: `encoders` make files of sound while it comes.
"""
