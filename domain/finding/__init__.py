"""Findings (考评事项): deductions and bonuses, recorded, contested and decided (D2)."""
