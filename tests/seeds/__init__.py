"""Simulation by seed: servers, clients, faults and time of a whole run in one process, all drawn from one number."""
