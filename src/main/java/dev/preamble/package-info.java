/**
 * Preamble: PEFT prompt adapters loaded, trained and served over one frozen model on the JVM.
 *
 * <p>Each package below is one capability; imports point from the later ones to the earlier ones:
 * {@code safetensors}, {@code peft}, {@code onnx}, {@code runtime}, {@code model}, {@code
 * training}, {@code generation}, {@code server}, {@code cli}.
 */
package dev.preamble;
