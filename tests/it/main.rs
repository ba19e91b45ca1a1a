//! The integration tests: one binary driving the real program.
