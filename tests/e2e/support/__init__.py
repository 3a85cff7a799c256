"""What the end-to-end tests share. Nothing here trusts netclsd: kernel.py asks the kernel itself."""
