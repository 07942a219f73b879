"""Files inside a page or a notebook, which load nothing from elsewhere."""

import base64


def data_uri(data: bytes, media_type: str = "image/jpeg") -> str:
    """A file's bytes as the address that a page can hold in itself."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
