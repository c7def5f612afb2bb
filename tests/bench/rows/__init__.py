"""What is measured, a module a row or two: `measure(bench)` yields rows of the table."""
