"""What ShotSpot and the snapshots hold, read in one transaction: what a plan is made from."""
