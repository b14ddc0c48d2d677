/**
 * HTTP in the shapes of OpenAI's interface: the frozen model and each adapter of a folder are
 * models of a list, completions come whole or as a stream of events.
 *
 * <p>Start at {@link dev.preamble.server.PreambleServer}. Requests are read and answered on Vert.x
 * event loops, which never call native code: tokenizing runs on worker threads, the model on the
 * engine's own thread, and tokens come back through a bounded {@code Outbox} a client.
 */
package dev.preamble.server;
