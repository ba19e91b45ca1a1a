//! A gateway that is not theirs, for rehearsals and tests. Imports nothing of ours.
