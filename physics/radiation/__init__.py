"""Photon radiation: off the daughters of decays (final state) and off the beams (initial state)."""
