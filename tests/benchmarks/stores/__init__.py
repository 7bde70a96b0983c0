"""The maker of stores: logs of realistic tickets written in bulk, and their read models."""
