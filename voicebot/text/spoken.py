def spoken_text(text: str) -> str:
    return text.strip() if any(c.isalnum() for c in text) else ""
