"""Programs of other people at the other end of a real pty."""
