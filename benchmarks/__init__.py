"""Measurements of the simulator: how fast it is, and how near to AuctionNet it comes."""
