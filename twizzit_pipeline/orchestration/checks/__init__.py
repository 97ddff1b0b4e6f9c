"""The asset checks: the rules about each asset, and the few checks that they are folded into."""
