/**
 * PEFT prompt-learning adapters as Java values and back: a directory holding {@code
 * adapter_config.json} and {@code adapter_model.safetensors}, read and written exactly as Hugging
 * Face PEFT does.
 *
 * <p>Start at {@link dev.preamble.peft.Adapter}. Each method of PEFT is one record of the sealed
 * family {@link dev.preamble.peft.Method}: its fields, its tensors and how it enters a model stand
 * there and nowhere else. Code outside this package asks {@link dev.preamble.peft.Adapter#entry}
 * what to put in front of a model and never which method an adapter is.
 */
package dev.preamble.peft;
