"""How requests are read off a connection: by httptools, which is quick, and with a limit, which it has not."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 16_384
"""What the address and the headers of a request may take."""


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1, where a head that goes on and on ends the connection, before it fills the memory."""

    _arrived_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, unless the head that it belongs to is too long already."""
        super().data_received(data)
        if self._in_head:
            self._arrived_bytes += len(data)
            if self._arrived_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head, self._arrived_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Count no more: what comes now is a body, which has limits of its own."""
        self._in_head = False
        super().on_headers_complete()
