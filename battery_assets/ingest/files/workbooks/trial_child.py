"""Run by `limited` in a process of its own: every sheet of a workbook is opened once, under limits.

Arguments: one JSON object with path, cpu_seconds and memory_bytes. A sheet that asks for more memory ends the
process. What is no workbook ends in good order: who reads it afterwards says so.
"""

import json
import sys


def main(request: dict) -> int:
    """Open each sheet; the process's exit status."""
    import fastexcel

    try:
        book = fastexcel.read_excel(request["path"])
        for name in book.sheet_names:
            book.load_sheet(name, header_row=None, dtypes="string")
    except fastexcel.FastExcelError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
