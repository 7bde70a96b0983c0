"""Other event stores, measured beside ours (``make bench-peers``); none of them is a requirement of this project."""
