"""Folding the log into read models: following, building anew, checking against the log, parking what cannot be taken."""
