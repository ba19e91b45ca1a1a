//! What we know and can prove after a crash.
