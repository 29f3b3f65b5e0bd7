"""Import of people and cases from tables 表格导入 (Z-06, S-08): read, checked row by row, written whole or not at all."""
