"""voicebot in your own program: what `import voicebot` gives. From the top down:

settings      what a program asks for → a configuration
deltas        the text of others as it comes, async or not, checked
event_stream  what happens, to be iterated over
functions     a synthesizer and an output made of plain functions
voice         say, speak, ask, stop, events
sync          all that without async, for programs and threads that have no event loop
"""
