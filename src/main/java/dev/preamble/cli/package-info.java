/** The command line: one class a verb. Start at {@link dev.preamble.cli.Preamble}. */
package dev.preamble.cli;
