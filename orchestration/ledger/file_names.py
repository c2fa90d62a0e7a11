"""Files of a study's directory whose names several modules need; importing them costs nothing."""

LEDGER_FILE = "ledger.jsonl"
LOCK_FILE = "ledger.lock"
MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.md"
SUMMARY_FILE = "summary.json"
