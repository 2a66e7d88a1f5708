"""Parts made elsewhere: chat models, synthesizers, audio outputs and chunking strategies. From the top down:

installed  what packages offer by entry points, read without importing any of them
opening    what an import path or a name leads to, made and checked
synthesis  a synthesizer made elsewhere, whose errors are ours
sound      an audio output made elsewhere, likewise
chunker    a strategy made elsewhere, cutting one reply
checking   whether each can be imported, found out in a process of its own
"""
