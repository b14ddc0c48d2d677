package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.preamble.model.chat.ChatTemplateException;
import dev.preamble.model.chat.Conversation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where chat templates are looked for, and which is taken. */
class ChatTemplateFilesTest {
  private static final Conversation GREETING =
      Conversation.of(List.of(Conversation.message("user", "Hi")));
  private static final Conversation WITH_TOOLS =
      GREETING.withTools(List.of(JsonNodeFactory.instance.objectNode()));

  @TempDir Path folder;

  @Test
  void takesTheOneInTheConfiguration() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}",
         "bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null}
        """);
    write("special_tokens_map.json", "{\"pad_token\": \"never\", \"unk_token\": \"<unk>\"}");
    assertEquals("<s>Hi</s>", rendered(GREETING));
  }

  @Test
  void takesTheOneForToolsWhenThereAreTools() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": [{"name": "default", "template": "plain"},
                           {"name": "tool_use", "template": "tools"}]}
        """);
    assertEquals("plain", rendered(GREETING));
    assertEquals("tools", rendered(WITH_TOOLS));
  }

  @Test
  void aFileOfItsOwnComesFirst() throws IOException {
    write("tokenizer_config.json", "{\"chat_template\": \"old\", \"bos_token\": \"<s>\"}");
    write("chat_template.jinja", "{{ bos_token }}new");
    Files.createDirectory(folder.resolve("additional_chat_templates"));
    write("additional_chat_templates/tool_use.jinja", "tools");
    assertEquals("<s>new", rendered(GREETING));
    assertEquals("tools", rendered(WITH_TOOLS));
  }

  @Test
  void anUnusableTemplateForToolsDoesNotSpoilTheOther() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": [{"name": "default", "template": "plain"},
                           {"name": "tool_use", "template": "{% include 'x' %}"}]}
        """);
    assertEquals("plain", rendered(GREETING));
    assertThrows(ChatTemplateException.class, () -> rendered(WITH_TOOLS));
  }

  @Test
  void refusesWhatIsMissingOrMalformed() throws IOException {
    assertFault("has no chat template");
    write("tokenizer_config.json", "{\"chat_template\": 5}");
    assertFault("expected a text or a list, found NUMBER");
    write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"default\"}]}");
    assertFault("expected entries with name and template");
    write(
        "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
    assertFault("expected a chat template named default, found [rag]");
    write("tokenizer_config.json", "{");
    assertFault("expected JSON");
    Files.write(folder.resolve("tokenizer_config.json"), new byte[] {(byte) 0xff});
    assertFault("cannot be read as UTF-8");
  }

  private String rendered(Conversation conversation) {
    return ChatTemplateFiles.read(folder).choose(conversation).render(conversation);
  }

  private void assertFault(String part) {
    ModelException fault = assertThrows(ModelException.class, () -> rendered(GREETING));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
