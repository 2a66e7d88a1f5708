"""The loudspeaker, through PortAudio.

One stream is opened and kept. Its buffer is deep, so that a busy machine does not make it stutter; but it is *started*
only when there is something to play, with the audio already in the buffer ("primed"), so that the first sound does not
wait for that depth; when the queue has run dry and all of it was heard, it is started anew for the next clip. Only
PortAudio's own thread touches the audio, so that a stalled event loop cannot be heard.

From the top down: quiet, watch, library, feed, stream, output.
"""

from voicebot.audio.portaudio.library import import_sounddevice, list_devices
from voicebot.audio.portaudio.output import DeviceOutput, open_device

__all__ = ["DeviceOutput", "import_sounddevice", "list_devices", "open_device"]
