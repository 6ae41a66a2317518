"""One answer from several modalities, any of which may be absent."""
