"""The key store, the master key and sealed texts."""
