/**
 * Who may do what: keys that are kept as hashes in a file, roles, names that a key reaches, and how
 * often and how many at once somebody may ask.
 *
 * <p>Start at {@link dev.preamble.server.access.KeyRing}. Nothing here knows of HTTP.
 */
package dev.preamble.server.access;
