"""The engine of read models: tables described by row types, and folds of single streams."""
