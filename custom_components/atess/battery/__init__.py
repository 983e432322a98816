"""The battery of each device: what it holds, and what it may take or give."""
