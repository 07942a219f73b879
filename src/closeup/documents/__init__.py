"""Every file and answer in one place: a definition gives its reader, its writer and its JSON Schema."""
