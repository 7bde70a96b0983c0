"""Labels: codes to Chinese and English words; everything shown takes its words here."""
