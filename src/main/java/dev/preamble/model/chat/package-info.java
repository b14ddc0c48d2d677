/**
 * Chat templates: a conversation to the text that a model was trained to continue, as {@code
 * apply_chat_template} of transformers gives it.
 *
 * <p>The templates are written in Jinja. What is understood here is the part of it that chat
 * templates use; anything else is refused by name when the template is read. No template can hang,
 * exhaust memory or reach anything but the conversation it is given.
 *
 * <p>Start at {@link dev.preamble.model.chat.ChatTemplate}; a template's way is lexer, parsers,
 * {@code Renderer} for statements, {@code Evaluator} for expressions.
 */
package dev.preamble.model.chat;
