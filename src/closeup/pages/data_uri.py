"""Pictures inside a page, which loads nothing from elsewhere."""

import base64


def jpeg_uri(jpeg: bytes) -> str:
    """JPEG bytes as the address that a page can hold in itself."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
