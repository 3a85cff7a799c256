#!/usr/bin/python3
"""Prints `PASSED FAILED SKIPPED` of a JUnit report of ctest: junit_counts.py FILE

A test that ctest did not run (a missing program, a disabled test) has failed; one that said it skips has skipped.
"""

import sys
import xml.etree.ElementTree as xml


def main():
    counts = {"run": 0, "fail": 0, "notrun": 0}
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        status = case.get("status")
        if status == "notrun":
            why = case.find("skipped")
            says_so = why is not None and why.get("message", "").startswith(("SKIP_", "Skipped"))
            status = "notrun" if says_so else "fail"
        counts[status if status in counts else "fail"] += 1
    print(counts["run"], counts["fail"], counts["notrun"])


if __name__ == "__main__":
    main()
