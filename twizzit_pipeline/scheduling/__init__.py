"""When what runs: each credential's configuration, automatic syncs, requests, and the calls they may spend."""
