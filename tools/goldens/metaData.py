"""Writes tests/goldens/metaData/: a metadata table as pandas and Excel leave it.

Needs from PyPI: openpyxl==3.1.5, pandas==3.1.1.
Run from the repository's root: python tools/goldens/metaData.py
"""

from pathlib import Path

import openpyxl
import pandas

OUT = Path("tests/goldens/metaData")
COLUMNS = ["ID", "나이", "성별", "체중(몸무게)", "키(신장)", None]
ROWS = [
    ["ID001", 27, "_x0008_남", 74.5, 175, None],
    ["ID002", 31, "여_x0008_", 52, 160.5, "네일아트"],
    ["ID003", None, None, None, None, None],
    ["ID004", "스물", "?", -3, 170, None],
    ["ID001", 99, "여", 50, 150, None],
    [None, None, None, None, None, None],
]


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    workbook = openpyxl.Workbook()
    for row in [COLUMNS, *ROWS]:
        workbook.active.append(row)
    workbook.save(OUT / "meta_data.xlsx")

    frame = pandas.read_excel(OUT / "meta_data.xlsx")
    frame.to_csv(OUT / "utf8.csv", index=False, encoding="utf-8-sig")
    frame.to_csv(OUT / "eucKr.csv", encoding="euc-kr")

    for name, address in {"farRow": "A1048576", "farColumn": "XFD2"}.items():
        workbook = openpyxl.Workbook()
        workbook.active.append(["ID"])
        workbook.active[address] = "ID001"
        workbook.save(OUT / f"{name}.xlsx")


main()
