"""What a read model is made of: tables described by row types, and a fold over one stream."""
