from galleries import gallery_url, postgresql_url, server

__all__ = ["gallery_url", "postgresql_url", "server"]
