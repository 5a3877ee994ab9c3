"""The parts of bench/run: engines, requests, the kernel's accounting, cases, report."""
