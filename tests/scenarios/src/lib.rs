//! Whole-system tests and tests on the repository itself. They are one binary, `tests/scenarios`, so that everything is
//! linked once; this library is only its name.
