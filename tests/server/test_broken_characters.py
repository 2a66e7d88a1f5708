"""Half a character in a reply, which JSON can hold and nothing can send: no way out of the server fails for it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from tests.server.running import running_server
from tests.server.sse import read_all
from voicebot.messages import Message

pytestmark = pytest.mark.anyio
WHOLE = "Half \ufffd of one. And 😀 all.\n"


class BrokenChat:
    """A model whose server cuts characters in two, and loses a half."""

    name = "broken"

    async def stream_reply(self, _: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the reply."""
        for delta in ("Half \ud800 of one. And \ud83d", "\ude00 all.\n"):
            yield delta


async def test_a_broken_character_costs_no_reply(tmp_path: Path) -> None:
    """Plain text, JSON and streams of the OpenAI API ended in a 500, and so did the conversation ever after."""
    async with running_server(BrokenChat(), history=str(tmp_path / "history.db")) as running:
        client, question = running.client, {"messages": [{"role": "user", "content": "Hello."}]}
        assert (await client.post("/chat", json={"text": "Hello."})).text == WHOLE
        assert (await client.post("/chat", json={"text": "Hello.", "stream": False})).json()["output"] == WHOLE
        answer = (await client.post("/v1/chat/completions", json=question)).json()
        assert answer["choices"][0]["message"]["content"] == WHOLE
        streamed = await client.post("/v1/chat/completions", json={**question, "stream": True})
        chunks = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: {")]
        assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == WHOLE
        path = f"/api/conversations/{(await client.post('/api/conversations', json={})).json()['id']}"
        events = await read_all(client, "POST", f"{path}/turns", json={"text": "Hello."})
        assert "".join(sent.data["text"] for sent in events if sent.type == "delta") == WHOLE
        assert (await client.get(path)).json()["said"][0]["heard"] == WHOLE.strip()
