/**
 * Files of rows: JSON lines, CSV and TSV, read once from end to end with every fault told by line,
 * and then again row by row in any order. Start at {@link dev.preamble.training.data.RowFile}.
 */
package dev.preamble.training.data;
