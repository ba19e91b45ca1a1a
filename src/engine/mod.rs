//! Decides and coordinates, prints nothing.
