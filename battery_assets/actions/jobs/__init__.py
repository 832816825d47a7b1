"""Work that takes long, as programs ask for it: begun by the daemon, followed, stopped."""
