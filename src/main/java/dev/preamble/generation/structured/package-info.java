/**
 * What a text must be: one of some texts, a regular expression, JSON of a schema. Start at {@link
 * dev.preamble.generation.structured.Constraints}.
 *
 * <p>Each of them becomes a {@link dev.preamble.generation.structured.TextPattern}, that a
 * nondeterministic automaton over the bytes of UTF-8, that a deterministic one, whose states give
 * the tokens that may come by a walk over a trie of the vocabulary. All of it but that walk is done
 * when a constraint is compiled, within limits that a hostile one ends at with a clear refusal.
 */
package dev.preamble.generation.structured;
