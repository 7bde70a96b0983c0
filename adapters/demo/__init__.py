"""The demonstration (`gongdan demo`): a new store filled with the regulations' own cases, and a guide to it."""
