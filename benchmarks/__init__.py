"""What was measured of simulator, planners and weighting, and the published tables."""
