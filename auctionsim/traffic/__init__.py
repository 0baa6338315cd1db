"""Traffic: how many opportunities a step brings, and what each is worth to each advertiser."""

from auctionsim.traffic.day import Day, draw_day, episode_key

__all__ = ["Day", "draw_day", "episode_key"]
