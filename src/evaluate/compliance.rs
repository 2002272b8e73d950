//! Tiles to attainment, budget and burn.
