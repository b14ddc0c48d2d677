/**
 * The safetensors file format: read, strictly and memory-mapped, and written with the reference
 * library's bytes; nothing else. Start at {@link dev.preamble.safetensors.SafetensorsFile} for
 * reading, {@link dev.preamble.safetensors.SafetensorsWriter} for writing.
 *
 * <p>A file is an 8-byte little-endian header length, a JSON header that gives each tensor's dtype,
 * shape and place, and the tensors' bytes, little-endian and row-major.
 */
package dev.preamble.safetensors;
