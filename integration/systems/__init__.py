"""The systems we talk to, one file each."""
