//! Says it, decides nothing.
