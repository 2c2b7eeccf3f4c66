#include "base/utf8.h"
#include "interchange/tree.h"

#include <string.h>

/* Letters, digits and what an address, a day or a protocol has besides. */
static bool is_plain(const char *text)
{
	static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char DIGITS[] = "0123456789.";
	if (text[0] == '\0' || !strchr(LETTERS, text[0]) || strcmp(text, "null") == 0 ||
		(strchr(text, '.') && text[strspn(text, DIGITS)] == '\0' &&
			strchr(text, '.') == strrchr(text, '.'))) {
		return false; /* a number to others: "1.2" */
	}
	const size_t len = strspn(text, LETTERS);
	return text[len + strspn(text + len, "abcdefghijklmnopqrstuvwxyz"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789-_./")] == '\0';
}

/* In double quotes, by the escapes that JSON and YAML have in common. */
static void write_quoted(const char *text, FILE *out)
{
	(void)fputc('"', out);
	while (*text != '\0') {
		uint32_t code;
		const size_t len = utf8_read(text, &code);
		if (len == 0 || (utf8_is_control(code) && code > 0xffff)) {
			(void)fputc('?', out);
		} else if (code == '"' || code == '\\') {
			(void)fprintf(out, "\\%c", (int)code);
		} else if (utf8_is_control(code)) {
			(void)fprintf(out, "\\u%04x", (unsigned)code);
		} else {
			(void)fwrite(text, 1, len, out);
		}
		text += len ? len : 1;
	}
	(void)fputc('"', out);
}

static void write_scalar(const char *text, FILE *out)
{
	if (is_plain(text)) {
		(void)fputs(text, out);
	} else {
		write_quoted(text, out);
	}
}

/* "{id: M-01, from: relay}"; as deep as the reader lets any tree be. */
// NOLINTNEXTLINE(misc-no-recursion)
static void write_flow(const struct yaml_node *node, FILE *out)
{
	if (node->kind == YAML_SCALAR) {
		write_scalar(node->text, out);
		return;
	}
	const bool is_mapping = node->kind == YAML_MAPPING;
	(void)fputc(is_mapping ? '{' : '[', out);
	for (const struct yaml_node *at = node->first; at; at = at->next) {
		write_flow(at, out);
		if (is_mapping) {
			at = at->next;
			(void)fputs(": ", out);
			write_flow(at, out);
		}
		(void)fputs(at->next ? ", " : "", out);
	}
	(void)fputc(is_mapping ? '}' : ']', out);
}

/* A line for each item of a list, or each key of a mapping. */
static void write_lines(const struct yaml_node *value, FILE *out)
{
	for (const struct yaml_node *at = value->first; at; at = at->next) {
		if (value->kind == YAML_SEQUENCE) {
			(void)fputs("  - ", out);
		} else {
			(void)fputs("  ", out);
			write_scalar(at->text, out);
			(void)fputs(": ", out);
			at = at->next;
		}
		write_flow(at, out);
		(void)fputc('\n', out);
	}
}

void tree_write_yaml(const struct yaml_node *root, FILE *out)
{
	for (const struct yaml_node *key = root->first; key; key = key->next->next) {
		const struct yaml_node *value = key->next;
		(void)fprintf(out, "%s:", key->text);
		if (value->kind == YAML_SCALAR) {
			(void)fputc(' ', out);
			write_scalar(value->text, out);
		}
		(void)fputc('\n', out);
		write_lines(value, out);
	}
}

// NOLINTNEXTLINE(misc-no-recursion): as above
void tree_write_json(const struct yaml_node *root, FILE *out)
{
	if (root->kind == YAML_SCALAR) {
		write_quoted(root->text, out);
		return;
	}
	const bool is_mapping = root->kind == YAML_MAPPING;
	(void)fputc(is_mapping ? '{' : '[', out);
	for (const struct yaml_node *at = root->first; at; at = at->next) {
		if (is_mapping) {
			write_quoted(at->text, out);
			(void)fputs(": ", out);
			at = at->next;
		}
		tree_write_json(at, out);
		(void)fputs(at->next ? ", " : "", out);
	}
	(void)fputc(is_mapping ? '}' : ']', out);
}
