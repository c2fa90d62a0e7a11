"""Files of a study's directory whose names several modules need; importing them costs nothing."""

MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.md"
SUMMARY_FILE = "summary.json"
