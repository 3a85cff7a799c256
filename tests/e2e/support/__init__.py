"""What the end-to-end tests share. Nothing here asks netclsd what is true: kernel.py looks for itself."""
