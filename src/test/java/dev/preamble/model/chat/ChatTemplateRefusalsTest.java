package dev.preamble.model.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is outside the subset is refused by name and line; a template's own refusal is told. */
class ChatTemplateRefusalsTest {
  private static final Conversation GREETING =
      Conversation.of(List.of(Conversation.message("user", "Hi")));

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "{% include 'x' %}~the tag 'include'",
        "{% import 'x' as y %}~the tag 'import'",
        "{% extends 'x' %}~the tag 'extends'",
        "{% block x %}{% endblock %}~the tag 'block'",
        "{% call x() %}{% endcall %}~the tag 'call'",
        "{% filter upper %}{% endfilter %}~the tag 'filter'",
        "{% raw %}{% endraw %}~the tag 'raw'",
        "{% with x = 1 %}{% endwith %}~the tag 'with'",
        "{% for x in y recursive %}{% endfor %}~a recursive loop",
        "{% set x | upper %}{% endset %}~a filter on the tag 'set'",
        "{{ x | groupby('a') }}~the filter 'groupby'",
        "{{ x is escaped }}~the test 'escaped'",
        "{{ x.center(9) }}~the method 'center'",
        "{{ x.format(9) }}~the method 'format'",
        "{{ messages.append(1) }}~the method 'append'",
        "{{ x.__class__ }}~the attribute '__class__'",
        "{{ joiner() }}~the name 'joiner'",
        "{{ caller() }}~the name 'caller'",
        "{{ 2 ** 3 }}~the operator '**'",
        "{{ f(*x) }}~'*' before an argument",
        "{{ '\\N{DASH}' }}~the escape \\N",
      })
  void refusesByNameWhenTheTemplateIsRead(String source, String named) {
    ChatTemplateException fault =
        assertThrows(
            ChatTemplateException.class,
            () -> ChatTemplate.parse("tiny", "a\n\n" + source, Map.of()));
    assertTrue(fault.getMessage().startsWith("tiny, line 3: " + named), fault.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "{{ '%s' % 1 }}~'%' that formats a string",
        "{% set x = '<' | safe %}{{ x + '<' }}~the filter 'safe' on what is not printed at once",
        "{{ messages | map('center') | list }}~the filter 'center'",
        "{{ {1: 2} }}~a dictionary's key that is an integer",
        "{{ strftime_now('%G') }}~strftime's %G",
        "{{ messages.index }}~the method 'index'",
        "{{ x.y }}~'x' is undefined and has no 'y'",
        "{{ messages[0].role + 1 }}~cannot compute a string + an integer",
      })
  void refusesByNameWhenItIsRendered(String source, String named) {
    ChatTemplate template = ChatTemplate.parse("tiny", "a\n\n" + source, Map.of());
    ChatTemplateException fault =
        assertThrows(ChatTemplateException.class, () -> template.render(GREETING));
    assertTrue(fault.getMessage().startsWith("tiny, line 3: " + named), fault.getMessage());
  }

  @Test
  void tellsWhatTheTemplateItselfRefuses() {
    ChatTemplate template =
        ChatTemplate.parse("tiny", "{{ raise_exception('no ' ~ messages[0].role) }}", Map.of());
    assertEquals(
        "no user",
        assertThrows(ConversationRefusedException.class, () -> template.render(GREETING))
            .getMessage());
  }
}
