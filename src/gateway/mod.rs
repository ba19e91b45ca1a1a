//! The other company as seen from here.
