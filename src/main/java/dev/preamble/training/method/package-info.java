/**
 * The methods of prompt learning, one class each: what their parameters start from, the small graph
 * that turns them into what enters the frozen model, and the adapter that they become. A {@link
 * dev.preamble.training.method.MethodConfig} says which, with its settings; start at {@link
 * dev.preamble.training.method.LearningMethod}.
 */
package dev.preamble.training.method;
