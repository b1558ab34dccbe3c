"""The laws: kinematics, random streams, beams, decays, hadronization. Knows no detector and no user."""
