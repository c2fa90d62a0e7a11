"""Records of finished trials and the description of their study: the input of every report.

What ledger and MLflow store, as frozen values and as JSON, and details of test items in files beside it. Read
``run_record.py`` first, then ``study_description.py``.
"""
