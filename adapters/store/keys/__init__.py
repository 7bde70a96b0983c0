"""Keys of data subjects: sealing, blind tokens, erasure, rotation of the master key."""
