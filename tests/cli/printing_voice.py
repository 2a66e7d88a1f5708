"""The voice of a plugin that prints."""

PRINTING_VOICE = """

class Voice:
    name = "a voice"
    format = AudioFormat(8000)

    async def synthesize(self, text, style=None):
        in_every_way()
        yield Audio(bytes(160), self.format)
"""
"""The text of a class; the function that prints, `in_every_way`, is its module's."""
