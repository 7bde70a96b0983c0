"""Duty: shifts, the night log, the handover sheet, the morning review."""
